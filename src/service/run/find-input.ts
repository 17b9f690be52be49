import { decodeAsked } from '../temporal/decode-first.ts';
import { startedEvent } from '../temporal/started-event.ts';
import type { Temporal } from '../temporal/temporal.ts';

/** The input that a run was triggered with, from the first event of its chain. */
export async function findInput(
  temporal: Temporal,
  { id, runId }: { readonly id: string; readonly runId: string },
): Promise<{ readonly value: unknown; readonly bytes: number }> {
  const started = await startedEvent(temporal, id, runId);
  const first = started?.firstExecutionRunId;
  // Temporal may keep the chain's first link no longer: then what this link was given is the best there is.
  const origin =
    first && first !== runId
      ? ((await startedEvent(temporal, id, first).catch(() => null)) ?? started)
      : started;
  const payloads = origin?.input?.payloads;
  const value = await decodeAsked(payloads, temporal.decode, `The input of ${id}`);
  return { value, bytes: (payloads?.[0]?.data?.length ?? 0) + 200 };
}
