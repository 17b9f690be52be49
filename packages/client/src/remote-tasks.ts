import type { OutputOf, TaskModule } from '../../../src/contract/task-definition.ts';
import type {
  ListRequest,
  TaskDefinitionInfo,
  TaskRunPage,
  Tasks,
  TriggeredRun,
} from '../../../src/contract/tasks.ts';
import type { RemoteFilter } from './answers/to-filter-input.ts';

export interface RemoteListRequest extends Omit<ListRequest, 'filter'> {
  readonly filter?: RemoteFilter | undefined;
}

/**
 * `Tasks` as far as it travels: a caller is who its credential says, so there is no `as`; a predicate of code stays at
 * home; and what is known at once beside the gateway is answered here.
 */
export interface RemoteTasks<T extends TaskModule> extends Omit<
  Tasks<T>,
  'as' | 'definitions' | 'list' | 'settings' | 'updateSettings'
> {
  definitions(): Promise<readonly TaskDefinitionInfo[]>;
  list(request?: RemoteListRequest): Promise<TaskRunPage>;
}

/** A run that was just triggered, which knows of which definition it is. */
export type RunOf<D extends string> = TriggeredRun & { readonly definition: D };

/** What a run of a definition ends with, as it comes through JSON. */
export type OutputOfRun<T extends TaskModule, D extends keyof T> = AsJson<OutputOf<T[D]>>;

/** A value as JSON brings it: a date is a text, and nothing is null. */
export type AsJson<V> = unknown extends V
  ? unknown
  : V extends { toJSON(): infer J }
    ? J
    : V extends undefined | void
      ? null
      : V extends object
        ? {
            [K in keyof V]: undefined extends V[K]
              ? AsJson<Exclude<V[K], undefined>>
              : AsJson<V[K]>;
          }
        : V;
