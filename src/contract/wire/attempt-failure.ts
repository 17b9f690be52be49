/** The line by which an attempt tells that it failed, and what it failed with, read from that line. */
export const attemptFailed = (attempt: number, message: string): string =>
  `${startOf(attempt)}${message}`;

export function failureOf(attempt: number, line: string): string {
  const start = startOf(attempt);
  return line.startsWith(start) ? line.slice(start.length) : line;
}

const startOf = (attempt: number): string => `Attempt ${attempt} failed: `;
