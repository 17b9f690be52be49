/** Where lines come from: a source has one writer, which counts them. */
export interface LogSource {
  readonly iteration: number;
  readonly activityId: string;
  readonly attempt: number;
  /** Of the executions since an operator's reset, which do again what the ones before it did. */
  readonly mark?: string | undefined;
}

/** As text: `<iteration>/<activity id>/<attempt>`, after a reset `<iteration>/<activity id>@<mark>/<attempt>`. */
export const toSource = ({ iteration, activityId, attempt, mark }: LogSource): string =>
  `${iteration}/${activityId}${mark === undefined ? '' : `@${mark}`}/${attempt}`;

/** What the attempts of one activity share, before and after a reset. */
export const activityOf = (source: string): string =>
  source.slice(0, source.lastIndexOf('/')).replace(MARKED, '');
const MARKED = /@[\da-f]{8}$/;

/** What a reset marks: an execution, by the end of its Run ID. Such ids may begin with the time. */
export const markOf = (runId: string): string => runId.slice(-8);

/** Whether two sources are of the same execution, as far as they tell. */
export const haveOneMark = (one: string, other: string): boolean => markIn(one) === markIn(other);
const markIn = (source: string): string | undefined =>
  MARKED.exec(source.slice(0, source.lastIndexOf('/')))?.[0];
