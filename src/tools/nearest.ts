/** Up to three candidates that one may have meant by a word, the nearest first. */
export function nearest(word: string, candidates: readonly string[]): readonly string[] {
  const meant = word.slice(0, 100).toLowerCase();
  const limit = Math.max(2, Math.ceil(meant.length * 0.4));
  return candidates
    .map((candidate) => ({ candidate, distance: distance(meant, candidate.toLowerCase()) }))
    .filter(
      ({ candidate, distance: far }) =>
        far <= limit || (meant.length > 2 && candidate.toLowerCase().startsWith(meant)),
    )
    .toSorted((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/** Letters to insert, delete or replace (Levenshtein), row by row. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [above, letter] of from.split('').entries()) {
    const next = [above + 1];
    for (const [column, other] of to.split('').entries())
      next.push(
        Math.min(
          (next[column] ?? 0) + 1,
          (row[column + 1] ?? 0) + 1,
          (row[column] ?? 0) + (letter === other ? 0 : 1),
        ),
      );
    row = next;
  }
  return row.at(-1) ?? 0;
}
