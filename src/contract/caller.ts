/** What can be allowed. Each operation of `Tasks` needs one of these. */
export const RIGHTS = [
  /** That a run is there, where it stands, its times, name, tags, steps and diagnosis. */
  'read',
  /** What it was given, and what it ended with. */
  'payloads',
  /** The lines of its log, and the words of its errors and of its progress. */
  'logs',
  /** Triggers and reruns. */
  'trigger',
  /** Aborts and terminations. */
  'abort',
  'delete',
  /** Workers, and Temporal Web UI. */
  'operate',
  /** Settings of the whole installation; nobody's of one tenant. */
  'settings',
] as const;
export type Right = (typeof RIGHTS)[number];

/** Rights, with where they hold. Grants add up; within one, every limit must fit. */
export interface Grant {
  readonly can: readonly Right[];
  /** Ids of definitions, or beginnings such as `import*`. Default: all. */
  readonly definitions?: readonly string[] | undefined;
  /** Only these runs: of a token that is for one. */
  readonly runs?: readonly string[] | undefined;
  /** Only runs that the caller triggered. */
  readonly own?: boolean | undefined;
}

/** Who asks. The actor of a run is the name of the caller who triggered or aborted it. */
export interface Caller {
  readonly name: string;
  /** Whose runs it may ask for; null or left out: everybody's. */
  readonly tenant?: string | null | undefined;
  /** Left out: it may do everything. */
  readonly grants?: readonly Grant[] | undefined;
}
