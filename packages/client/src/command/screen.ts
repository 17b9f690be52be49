import type { Progress, TaskRun } from '../../../../src/contract/task-run.ts';

type Color = 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'gray';
const CODES: Readonly<Record<Color, number>> = {
  red: 31,
  green: 32,
  yellow: 33,
  blue: 34,
  magenta: 35,
  gray: 90,
};
const COLOR_OF: Readonly<Record<string, Color>> = {
  SUCCEEDED: 'green',
  FAILED: 'red',
  ABORTED: 'magenta',
  ABORTING: 'yellow',
  RUNNING: 'blue',
  PENDING: 'gray',
  WARN: 'yellow',
  ERROR: 'red',
  DEBUG: 'gray',
};

export interface ScreenOptions {
  readonly json: boolean;
  readonly colors: boolean;
  readonly utc: boolean;
}

/** Lines and values go to the output, all that is said about them beside it: pipes stay clean. */
export class Screen {
  readonly isJson: boolean;
  readonly #colors: boolean;
  readonly #utc: boolean;
  #bar = '';

  constructor({ json, colors, utc }: ScreenOptions) {
    this.isJson = json;
    this.#colors = colors;
    this.#utc = utc;
  }

  /** Somebody sits there. */
  get isTerminal(): boolean {
    return process.stdin.isTTY && process.stderr.isTTY;
  }

  /** A line of the output; with `--json` the value in its place. */
  print(line: string, value: unknown): void {
    this.#hide();
    process.stdout.write(`${this.isJson ? JSON.stringify(value) : line}\n`);
    this.#draw();
  }

  say(line: string): void {
    this.#hide();
    process.stderr.write(`${line}\n`);
    this.#draw();
  }

  paint(word: string, color = COLOR_OF[word]): string {
    return this.#colors && color ? `\u001B[${CODES[color]}m${word}\u001B[0m` : word;
  }

  /** Columns as wide as they must be. */
  table(rows: readonly (readonly string[])[]): readonly string[] {
    const widths = rows.reduce<readonly number[]>(
      (most, row) => row.map((cell, at) => Math.max(most[at] ?? 0, cell.length)),
      [],
    );
    return rows.map((row) =>
      row
        .map((cell, at) => {
          const padded = at === row.length - 1 ? cell : cell.padEnd(widths[at] ?? 0);
          return padded.replace(cell, () => this.paint(cell));
        })
        .join('  ')
        .trimEnd(),
    );
  }

  time(date: Date | null): string {
    if (date === null) return '';
    const at = this.#utc ? date : new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
    return at
      .toISOString()
      .replace('T', ' ')
      .slice(0, this.#utc ? 24 : 23);
  }

  /** One line at the bottom that stays while others come; an empty one takes it away. */
  bar(line: string): void {
    const { isTTY, columns } = process.stderr;
    // A terminal without columns, as some CI has, would scroll.
    if (!isTTY || !(columns > 0) || this.isJson) return;
    this.#hide();
    this.#bar = line.slice(0, columns - 1);
    this.#draw();
  }

  #hide(): void {
    if (this.#bar !== '') process.stderr.write('\r\u001B[2K');
  }
  #draw(): void {
    if (this.#bar !== '') process.stderr.write(this.#bar);
  }
}

const WIDTH = 24;

export function barOf({ name, status }: TaskRun, progress: Progress | null): string {
  const { done = 0, total = null, message = null } = progress ?? {};
  const full = total ? Math.min(WIDTH, Math.round((done / total) * WIDTH)) : 0;
  const counts = progress ? `${done}/${total ?? '?'} ` : '';
  return `${status} ${'█'.repeat(full)}${'░'.repeat(WIDTH - full)} ${counts}${message ?? name}`;
}

/** A run under the names that it has in GraphQL. */
export function toJson({ definition, parent, rerunOf, ...run }: TaskRun): object {
  return { ...run, definitionId: definition, parentId: parent, rerunOfId: rerunOf };
}
