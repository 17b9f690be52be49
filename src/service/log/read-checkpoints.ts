import type { TaskRunDetails } from '../../contract/task-run.ts';
import type { RunSource, See } from './run-source.ts';

/** Where the newest link of a run was. */
export interface LinkCheckpoints {
  readonly run: TaskRunDetails;
  /** The last checkpoint's state of each step, however the run ended, by `<iteration>/<activity id>`. */
  readonly states: ReadonlyMap<string, unknown>;
}

/** Reads them by two questions; `check` may refuse the run after the first, and `see` is shown each event of the second. */
export async function readCheckpoints(
  source: RunSource,
  id: string,
  { check, see }: { readonly check?: (run: TaskRunDetails) => void; readonly see?: See } = {},
): Promise<LinkCheckpoints> {
  const { details, link, envelopes } = await source.state(id);
  check?.(details);
  const { checkpoints } = await source.history(id, link, see);
  for (const envelope of envelopes) checkpoints.apply(envelope);
  return { run: details, states: checkpoints.states };
}
