import type { Command, Option } from './command.ts';

export const GLOBAL: Readonly<Record<string, Option>> = {
  url: { type: 'string', value: 'URL', help: 'of the gateway (WAYMARK_URL)' },
  header: { type: 'string', multiple: true, value: 'K:V', help: 'sent with each request' },
  json: { type: 'boolean', help: 'one object a line, with the names of GraphQL' },
  utc: { type: 'boolean', help: 'times in UTC' },
  'no-color': { type: 'boolean', help: 'as with NO_COLOR' },
  help: { type: 'boolean', short: 'h', help: 'this' },
};

export const usageOf = ({ name, args, help, options }: Command): string =>
  [`waymark ${name} ${args}`.trim(), `  ${help}`, '', ...rowsOf({ ...options, ...GLOBAL })].join(
    '\n',
  );

export const usage = (commands: readonly Command[]): string => {
  const width = Math.max(...commands.map(({ name, args }) => `${name} ${args}`.length));
  return [
    'waymark <command>: triggers, follows and aborts task runs of a gateway',
    '',
    ...commands.map(({ name, args, help }) => `  ${`${name} ${args}`.padEnd(width)}  ${help}`),
    '',
    '  <id> may be the start of one, or @last. Credentials: WAYMARK_TOKEN, WAYMARK_TENANT.',
    '',
    ...rowsOf(GLOBAL),
  ].join('\n');
};

function rowsOf(options: Readonly<Record<string, Option>>): readonly string[] {
  const rows = Object.entries(options).map(([name, { short, value, choices, help }]) => [
    `${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`,
    choices ? `${help}: ${choices.join(', ')}` : help,
  ]);
  const width = Math.max(...rows.map(([option = '']) => option.length));
  return rows.map(([option = '', help = '']) => `  ${option.padEnd(width)}  ${help}`);
}
