import { parseArgs } from 'node:util';
import { TaskError } from '../../../../src/contract/task-error.ts';
import { TasksClient } from '../anywhere-client.ts';
import { changing } from './changing.ts';
import type { Command } from './command.ts';
import { Given, UsageError } from './command.ts';
import { complete, completionScript } from './completion.ts';
import { Ended, ExitCode, exitCodeOf } from './exit-code.ts';
import { reading } from './reading.ts';
import { Screen } from './screen.ts';
import { GLOBAL, usage, usageOf } from './usage.ts';

const completion: Command = {
  name: 'completion',
  args: '<bash|zsh|fish|powershell>',
  help: 'what a shell reads to complete',
  options: {},
  run: async ({ screen }, { args: [shell] }) => screen.print(completionScript(shell), { shell }),
};

const COMMANDS: readonly Command[] = [...reading, ...changing, completion];

/** Does what the words say. Resolves to the code to end with. */
export async function runCommand(
  words: readonly string[],
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<ExitCode> {
  const isJson = words.includes('--json');
  const screen = new Screen({
    json: isJson,
    utc: words.includes('--utc'),
    colors: process.stdout.isTTY && env['NO_COLOR'] === undefined && !words.includes('--no-color'),
  });
  try {
    await perform(words, env, signal, screen);
    return ExitCode.Done;
  } catch (error) {
    screen.bar('');
    const exitCode = exitCodeOf(error);
    if (exitCode === undefined) throw error;
    if (!(error instanceof Ended)) tell(screen, error);
    return exitCode;
  }
}

async function perform(
  words: readonly string[],
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
  screen: Screen,
): Promise<void> {
  // For shells, which bring words that are not finished.
  if (words[0] === 'complete') {
    for (const word of complete(COMMANDS, words.slice(words[1] === '--' ? 2 : 1)))
      process.stdout.write(`${word}\n`);
    return;
  }
  const { command, given } = parse(words);
  if (given.has('help') || !command) {
    process.stdout.write(`${command ? usageOf(command) : usage(COMMANDS)}\n`);
    if (!command && !given.has('help')) throw new Ended(ExitCode.Usage);
    return;
  }
  const required = command.args.match(/<[^>]+>(?![^[]*\])/g) ?? [];
  if (given.args.length < required.length)
    throw new UsageError(`Expected ${required.join(' ')}.\n${usageOf(command)}`);
  const { href, origin } = addressOf(given.one('url') ?? env['WAYMARK_URL']);
  const client = new TasksClient({
    url: href,
    transport: 'events',
    token: env['WAYMARK_TOKEN'],
    tenant: env['WAYMARK_TENANT'],
    headers: Object.fromEntries(given.all('header').map(toHeader)),
    patience: 30,
  });
  try {
    await command.run({ client, screen, origin, signal }, given);
  } finally {
    client.close();
  }
}

/** Options of a command may stand anywhere after it, those of all commands also before it. */
function parse(words: readonly string[]): {
  readonly command: Command | undefined;
  readonly given: Given;
} {
  const name = firstWord(words);
  const command = COMMANDS.find((one) => one.name === name);
  if (name !== undefined && !command)
    throw new UsageError(`There is no command ${name}.\n${usage(COMMANDS)}`);
  const options = { ...command?.options, ...GLOBAL };
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: Object.fromEntries(
      Object.entries(options).map(([name, { type, short }]) => [
        name,
        { type, multiple: true, ...(short !== undefined && { short }) },
      ]),
    ),
  });
  const lists = Object.entries(values).map(
    ([name, value]) => [name, [value ?? []].flat()] as const,
  );
  for (const [name, list] of lists)
    for (const value of list) {
      const { choices } = options[name] ?? {};
      if (choices && !choices.includes(String(value).toUpperCase()))
        throw new UsageError(
          `Expected --${name} to be one of ${choices.join(', ')}, got ${String(value)}.`,
        );
    }
  return { command, given: new Given(positionals.slice(1), Object.fromEntries(lists)) };
}

/** The command: the first word that is no option of all commands, nor what one takes. */
function firstWord(words: readonly string[]): string | undefined {
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (!word.startsWith('-')) return word;
    const option = GLOBAL[word.replace(/^--?/, '')];
    if (option?.type === 'string') at++;
  }
  return undefined;
}

function addressOf(url = 'http://127.0.0.1:4000'): { href: string; origin: string } {
  try {
    const address = new URL(url);
    const path = address.pathname.replace(/\/(?:graphql\/?)?$/, '');
    return { href: `${address.origin}${path}/graphql`, origin: `${address.origin}${path}` };
  } catch {
    throw new UsageError(`Expected the URL of a gateway, got ${url}.`);
  }
}

function toHeader(text: string): readonly [string, string] {
  const at = text.indexOf(':');
  if (at < 1) throw new UsageError(`Expected --header to be like name:value, got ${text}.`);
  return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

function tell(screen: Screen, error: unknown): void {
  const { message } = error instanceof Error ? error : new Error(String(error));
  if (!(error instanceof TaskError)) return screen.say(message);
  const { code, details } = error;
  if (screen.isJson) return screen.say(JSON.stringify({ code, message, ...details }));
  for (const { path, message } of details.issues ?? [])
    screen.say(`  ${path.join('.') || 'input'}: ${message}`);
  screen.say(message);
  if (details.suggestions?.[0] !== undefined)
    screen.say(`Did you mean ${details.suggestions.join(' or ')}?`);
}
