import type { DestinationStream } from 'pino';

export interface Terminal {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Where the JSON lines of a logger go when a person reads them: each as a sentence, with its fields behind it. */
export function toTerminal(terminal: Terminal): DestinationStream {
  return { write: (line) => void terminal.write(toSentence(line)) };
}

type Fields = Readonly<Record<string, unknown>>;

function toSentence(line: string): string {
  let fields: Fields;
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a line of pino's is an object
    fields = JSON.parse(line) as Fields;
  } catch {
    return line;
  }
  const { level, time, msg, component, sdkComponent, err, ...others } = withTime(fields);
  const clock = typeof time === 'string' ? new Date(time).toTimeString().slice(0, 8) : '';
  const who = typeof component === 'string' ? component : sdkComponent;
  const first = [
    dim(clock),
    ...(typeof level === 'string' && level in MARKS ? [MARKS[level]] : []),
    ...(typeof who === 'string' ? [dim(`${who}:`)] : []),
    printable(typeof msg === 'string' ? msg : ''),
    ...Object.entries(others).map(([name, value]) =>
      dim(printable(`${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)),
    ),
  ].join(' ');
  return [first, ...stacksOf(err)].join('\n') + '\n';
}

/** The audit's lines have names of their own. */
const withTime = ({ '@timestamp': at, 'event.action': action, ...fields }: Fields): Fields =>
  at === undefined ? fields : { time: at, msg: action, ...fields };

/** Of an error as pino writes it, and of its causes. */
function stacksOf(err: unknown): readonly string[] {
  if (typeof err !== 'object' || err === null) return [];
  const { stack, cause } = err as { readonly stack?: unknown; readonly cause?: unknown };
  const lines = typeof stack === 'string' ? stack.split('\n') : [JSON.stringify(err)];
  return [...lines.map((line) => dim(`  ${printable(line)}`)), ...stacksOf(cause)];
}

/** What came from outside must not move the cursor or write a title. */
const printable = (text: string): string =>
  text.replaceAll(/\p{Cc}/gu, (char) => JSON.stringify(char).slice(1, -1));

const paint = (code: number) => (text: string) => `\u001B[${code}m${text}\u001B[0m`;
const dim = paint(2);
/** What is as usual bears none. */
const MARKS: Readonly<Record<string, string>> = {
  trace: dim('trace'),
  debug: dim('debug'),
  warn: paint(33)('warning'),
  error: paint(31)('error'),
  fatal: paint(31)('fatal'),
};
