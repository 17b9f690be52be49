import type { LogLine } from '../../../../src/contract/wire/run-log.ts';
import type { LineFragment } from '../documents/generated.ts';
import { toDate } from './to-run.ts';

/** Its place is told beside it. */
export function toLogLine(line: LineFragment & { readonly __typename?: 'LogLine' }): LogLine {
  const { cursor: _cursor, __typename, ...plain } = line;
  return { ...plain, time: toDate(plain.time) };
}
