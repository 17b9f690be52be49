import { tsToMs } from '@temporalio/common/lib/time.js';
import { toSource } from '../../contract/wire/log-source.ts';
import type { LogEnvelope } from '../../contract/wire/run-log.ts';

/** Says, in the place of lines that cannot be read, that they are missing: the nth place of a log. */
export function missingLines(n: number, at: Parameters<typeof tsToMs>[0]): LogEnvelope {
  const src = toSource({ iteration: 1, activityId: 'unreadable', attempt: 1 });
  const line = { n, t: tsToMs(at), l: 'WARN', m: MISSING } as const;
  return { v: 1, src, segs: [{ src, step: 'unreadable', lines: [line] }] };
}

const MISSING =
  'Lines are missing here: they cannot be read by this process, which lacks the key or the converter that they were written with.';
