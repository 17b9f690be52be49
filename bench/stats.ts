/** The value below which a share `q` of the samples lies; with 40 samples, p99 is the maximum. */
export function quantile(samples: readonly number[], q: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

export const median = (samples: readonly number[]): number => quantile(samples, 0.5);

/** `12.3 / 45.6`: median and p99, in milliseconds. */
export const spread = (samples: readonly number[]): string =>
  `${median(samples).toFixed(1)} / ${quantile(samples, 0.99).toFixed(1)} ms`;

/** Calls `work` `count` times with `inFlight` of them at once; answers how many ended in a second. */
export async function rate(
  count: number,
  inFlight: number,
  work: (n: number) => Promise<unknown>,
): Promise<number> {
  let next = 0;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (next < count) await work(next++);
    }),
  );
  return (count * 1000) / (performance.now() - began);
}

/**
 * Measures the contestants in turn, round after round, so that a slow minute of the machine hits all of them.
 * The first round warms up and is thrown away; the order turns by one each round.
 */
export async function alternate<Name extends string>(
  rounds: number,
  contestants: Readonly<Record<Name, () => Promise<number>>>,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(contestants) as Name[];
  const results = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<
    Name,
    number[]
  >;
  for (let round = 0; round <= rounds; round++)
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + round) % names.length] as Name;
      const result = await contestants[name]();
      if (round > 0) results[name].push(result);
    }
  return results;
}

/** Median of the rounds' own ratios: what one round's noise does to both sides cancels out. */
export const ratio = (ours: readonly number[], theirs: readonly number[]): number =>
  median(ours.map((value, round) => value / (theirs[round] ?? Number.NaN)));

export interface Row {
  readonly what: string;
  readonly measured: string;
  readonly target?: string;
  readonly met?: boolean;
}

export function print(title: string, rows: readonly Row[]): void {
  console.log(`\n${title}`);
  const width = Math.max(...rows.map(({ what }) => what.length));
  const wide = Math.max(...rows.map(({ measured }) => measured.length));
  for (const { what, measured, target, met } of rows)
    console.log(
      `  ${what.padEnd(width)}  ${measured.padStart(wide)}${target ? `   target ${target}${met === undefined ? '' : met ? ' (met)' : ' (MISSED)'}` : ''}`,
    );
}
