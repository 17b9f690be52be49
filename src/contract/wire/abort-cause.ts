/**
 * The text of a Temporal cancel request, `<by>: <reason>` or `<by> (grace 5 s): <reason>`: the only thing
 * that travels with a cancel, and what operators read in Web UI.
 */
export interface AbortCause {
  /** Null for nobody that is named; the text has nothing there then. */
  readonly by: string | null;
  readonly reason: string | null;
  /** Seconds, when the aborting caller chose another grace than the definition's. */
  readonly grace?: number;
}

export function toCause({ by, reason, grace }: AbortCause): string {
  return `${by ?? ''}${grace === undefined ? '' : ` (grace ${grace} s)`}: ${reason ?? ''}`;
}

/** A cause that is not ours (Web UI, CLI, a parent that was terminated) is all reason, by nobody. */
export function fromCause(text: string): AbortCause {
  const [, by, seconds, reason] =
    /^([^:]*?)(?: \(grace (\d+(?:\.\d+)?) s\))?: (.*)$/s.exec(text) ?? [];
  if (by === undefined || reason === undefined) return { by: null, reason: text || null };
  return {
    by: by || null,
    reason: reason || null,
    ...(seconds !== undefined && { grace: Number(seconds) }),
  };
}

/** A recorded cancel, as Temporal tells of it. */
export interface CancelRequest {
  readonly cause?: string | null;
  /** The run that asked for it, or whose end did. */
  readonly externalWorkflowExecution?: { readonly workflowId?: string | null } | null;
}

/** Temporal cancels the children of a run that is over without a word; whoever asks for a cancel has one. */
export function fromCancel({
  cause,
  externalWorkflowExecution: parent,
}: CancelRequest): AbortCause {
  if (!cause && parent?.workflowId)
    return { by: null, reason: `Its parent ${parent.workflowId} failed or ended.` };
  return fromCause(cause ?? '');
}
