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
  /** At most 100 characters, no `:` and no control characters. */
  readonly name: string;
  /** Whose runs it may ask for; null or left out: everybody's. */
  readonly tenant?: string | null | undefined;
  /** Left out: it may do everything. */
  readonly grants?: readonly Grant[] | undefined;
  /** Private definitions do not exist for it: a caller from outside. Default: false. */
  readonly publicOnly?: boolean | undefined;
  /** What its tenant may take of what all share. */
  readonly share?: TenantShare | undefined;
  /** What everything that it triggers is bound to: of a token for one definition. */
  readonly bound?: BoundTrigger | undefined;
}

export interface TenantShare {
  /** The first priority that it may ask for, from 1 to 5. Default: 1. */
  readonly priority?: number | undefined;
  /** Its weight beside other tenants, from 0.001 to 1,000. Default: 1. */
  readonly weight?: number | undefined;
  /** Runs that may be open when one is triggered. Default: any number. */
  readonly open?: number | undefined;
  /** Different lists that its callers may follow live, at once. Default: 20. */
  readonly lists?: number | undefined;
}

export interface BoundTrigger {
  /** Fields of the input that are as they are here. */
  readonly input: Readonly<Record<string, unknown>>;
  /** The one key; undefined for as many runs as one likes. */
  readonly key: string | undefined;
  /** What a token for a run of it may hold. Default: nothing. */
  readonly follow?: readonly Right[] | undefined;
}
