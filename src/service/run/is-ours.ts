import { MEMO } from '../../contract/wire/messages.ts';
import { MARK } from '../../contract/wire/run-fields.ts';
import type { RunInfo } from '../temporal/proto.ts';

/** Which executions of a namespace are task runs. */
export interface Ours {
  /** The catalogue, by definition id: a run may have been started around us, with nothing but its type. */
  readonly definitions: ReadonlyMap<string, unknown>;
  /** Other teams' workflows are shown and stopped like task runs. Temporal's own never are. */
  readonly wholeNamespace: boolean;
}

/** Whether an execution is a task run. What is none is, for everybody who asks by id, not there. */
export function isOurs({ type, execution, memo, searchAttributes }: RunInfo, ours: Ours): boolean {
  const name = type?.name ?? '';
  if (ours.definitions.has(name)) return true;
  // A schedule carries whatever memo and search attributes its author gave it.
  if (isTemporals(name) || isTemporals(execution?.workflowId ?? '')) return false;
  return (
    ours.wholeNamespace ||
    Boolean(memo?.fields?.[MEMO]) ||
    Boolean(searchAttributes?.indexedFields?.[MARK])
  );
}

const isTemporals = (name: string): boolean => name.startsWith('temporal-sys-');
