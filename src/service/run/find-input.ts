import { decodeAsked } from '../temporal/decode-first.ts';
import { startedEvent } from '../temporal/history.ts';
import type { LinkOfRun } from '../temporal/history.ts';
import type { Temporal } from '../temporal/temporal.ts';

/** The input that a run was triggered with, from the first event of its chain. */
export async function findInput(
  temporal: Temporal,
  { id, link }: LinkOfRun,
): Promise<{ readonly value: unknown; readonly bytes: number }> {
  const started = await startedEvent(temporal, { id, link });
  const first = started?.firstExecutionRunId;
  // Temporal may keep the chain's first link no longer: then what this link was given is the best there is.
  const origin =
    first && first !== link
      ? ((await startedEvent(temporal, { id, link: first }).catch(() => null)) ?? started)
      : started;
  const payloads = origin?.input?.payloads;
  const value = await decodeAsked(payloads, temporal.decode, `The input of ${id}`);
  return { value, bytes: (payloads?.[0]?.data?.length ?? 0) + 200 };
}
