import { defaultPayloadConverter } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import { LOG_HEADER, MEMO, isLogHeader } from '../../contract/wire/messages.ts';
import type { LogHeader } from '../../contract/wire/messages.ts';
import type { CallKind } from '../../contract/wire/resumption.ts';
import type { HistoryEvent } from '../temporal/history.ts';
import { enums } from '../temporal/proto.ts';

type Payload = temporal.api.common.v1.IPayload;

/** A call as history has it: what it carries may have to be decrypted, and is read when it is wanted. */
export interface RecordedCall {
  readonly kind: CallKind;
  readonly name: string;
  /** Where its checkpoints are found: `<iteration>/<activity id>`. */
  readonly activity: string | undefined;
  readonly args: readonly Payload[];
  /** Which of its name it was, where the run itself goes on from another one. */
  readonly n: number | undefined;
  /** The same of a child, in its memo. */
  readonly memo: Payload | undefined;
  /** Set once it has ended well. */
  result: readonly Payload[] | undefined;
  /** Of a run that was only triggered: its id is all that it answers. */
  runId: string | undefined;
}

/** Collects the calls of one link from its events, in their order. */
export class CallReader {
  /** Of the link's own start: input, and what was handed on. */
  given: readonly Payload[] = [];
  readonly #calls = new Map<string, RecordedCall>();

  get calls(): readonly RecordedCall[] {
    return [...this.#calls.values()];
  }

  readonly add = (event: HistoryEvent): void => {
    const {
      workflowExecutionStartedEventAttributes: started,
      activityTaskScheduledEventAttributes: scheduled,
      startChildWorkflowExecutionInitiatedEventAttributes: initiated,
      childWorkflowExecutionStartedEventAttributes: begun,
    } = event;
    const id = String(event.eventId);
    if (started) this.given = started.input?.payloads ?? [];
    if (scheduled) this.#calls.set(id, toActivity(scheduled));
    if (initiated) this.#calls.set(id, toChild(initiated));
    if (begun) {
      const child = this.#calls.get(String(begun.initiatedEventId));
      if (child?.kind === 'TRIGGERED')
        child.runId = begun.workflowExecution?.workflowId ?? undefined;
    }
    this.#end(event);
  };

  #end(event: HistoryEvent): void {
    const {
      activityTaskCompletedEventAttributes: activity,
      childWorkflowExecutionCompletedEventAttributes: child,
    } = event;
    const call =
      activity || child
        ? this.#calls.get(String(activity?.scheduledEventId ?? child?.initiatedEventId))
        : undefined;
    if (call) call.result = (activity ?? child)?.result?.payloads ?? [];
  }
}

function toActivity({
  activityId,
  activityType,
  input,
  header,
}: temporal.api.history.v1.IActivityTaskScheduledEventAttributes): RecordedCall {
  const { iteration, call, resumed } = logHeaderOf(header?.fields?.[LOG_HEADER]) ?? {};
  const args = input?.payloads ?? [];
  return {
    kind: 'ACTIVITY',
    name: activityType?.name ?? '',
    activity: iteration === undefined ? undefined : `${iteration}/${activityId ?? ''}`,
    args: resumed ? args.slice(0, -1) : args,
    n: call,
    memo: undefined,
    result: undefined,
    runId: undefined,
  };
}

const { ParentClosePolicy } = enums;

const toChild = ({
  workflowType,
  input,
  memo,
  parentClosePolicy,
}: temporal.api.history.v1.IStartChildWorkflowExecutionInitiatedEventAttributes): RecordedCall => ({
  // As `task.execute` and `task.trigger` start them.
  kind: parentClosePolicy === ParentClosePolicy.PARENT_CLOSE_POLICY_ABANDON ? 'TRIGGERED' : 'CHILD',
  name: workflowType?.name ?? '',
  activity: undefined,
  args: input?.payloads ?? [],
  n: undefined,
  memo: memo?.fields?.[MEMO],
  result: undefined,
  runId: undefined,
});

function logHeaderOf(payload: Payload | null | undefined): LogHeader | undefined {
  if (!payload) return undefined;
  const header = defaultPayloadConverter.fromPayload(payload);
  return isLogHeader(header) ? header : undefined;
}
