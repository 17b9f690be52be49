import type { RunSource } from './run-source.ts';

/**
 * The last checkpoint's state of each step in the newest link of a run, however it ended, by `<iteration>/<activity
 * id>`: two questions.
 */
export async function readCheckpoints(
  source: RunSource,
  id: string,
): Promise<ReadonlyMap<string, unknown>> {
  const { link, envelopes } = await source.state(id);
  const { checkpoints } = await source.history(id, link);
  for (const envelope of envelopes) checkpoints.apply(envelope);
  return checkpoints.states;
}
