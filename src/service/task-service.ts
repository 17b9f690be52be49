import type { Client, ConnectionLike } from '@temporalio/client';
import { checkCatalogue } from '../contract/rules/catalogue.ts';
import type { TaskModule } from '../contract/task-definition.ts';
import type { Tasks } from '../contract/tasks.ts';
import { deletedRuns, describeRun } from './run/describe-run.ts';
import { toDirectConnection } from './temporal/direct-connection.ts';
import { RunLists } from './list/run-lists.ts';
import { InputsAndOutcomes } from './run/inputs-and-outcomes.ts';
import { LiveRuns } from './live/live-runs.ts';
import { ResumePoints } from './resume/resume-points.ts';
import { CallerTasks } from './caller-tasks.ts';
import { Temporal } from './temporal/temporal.ts';
import { NewestExecutions } from './list/newest-executions.ts';
import { Visibility } from './temporal/visibility.ts';
import { TaskQueues } from './diagnosis/task-queues.ts';
import { Workers } from './temporal/workers.ts';

export interface TaskServiceOptions<T extends TaskModule> {
  /** Its namespace, data converter and identity are ours. */
  readonly client: Client;
  /** The module that exports every task. */
  readonly tasks: T;
  /** Where runs are triggered. */
  readonly taskQueue: string;
  /**
   * What Temporal is asked over: a connection without the SDK's retries, as `connectTemporal` makes one. Unset: one
   * is made from the client's, with its own interceptors, and closed by `close`.
   */
  readonly connection?: ConnectionLike | undefined;
  /** Milliseconds for each call to Temporal, its repetitions included. */
  readonly deadline?: number | undefined;
  /** Signs cursors: gateways that share it understand each other's. */
  readonly cursorSecret?: string | undefined;
  /** Calls a second to Temporal's index of runs. */
  readonly visibilityRate?: number | undefined;
  /**
   * Shows and stops whatever runs in the namespace, not only task runs: for operators. Unset: what is neither of a
   * definition of the catalogue nor was triggered here or by a run is not there. Temporal's own workflows never are.
   */
  readonly wholeNamespace?: boolean | undefined;
  /** Address of a run's page, shown in Temporal Web UI. */
  readonly linkTo?: ((id: string) => string) | undefined;
}

/** `Tasks` over a Temporal client. `as(actor)` is the same service for one caller. */
export class TaskService<T extends TaskModule = TaskModule> implements Tasks<T> {
  readonly #tasks: Tasks<T>;
  readonly #close: () => Promise<void>;

  constructor(options: TaskServiceOptions<T>) {
    const { client, tasks, taskQueue, deadline, cursorSecret, visibilityRate, linkTo } = options;
    const { wholeNamespace = false } = options;
    checkCatalogue(tasks);
    const direct = options.connection
      ? { connection: options.connection, close: async () => {} }
      : toDirectConnection(client.connection);
    const { connection } = direct;
    const temporal = new Temporal({ client, connection, deadline });
    const { namespace } = temporal;
    const definitions = new Map(Object.entries(tasks));
    const deleted = deletedRuns();
    const describe = describeRun({ temporal, definitions, deleted, wholeNamespace });
    const visibility = new Visibility({ connection, namespace, rate: visibilityRate, deadline });
    const lists = new RunLists({
      temporal,
      describe,
      visibility: new NewestExecutions(visibility),
      definitions,
      wholeNamespace,
      cursorSecret,
    });
    const live = new LiveRuns({ temporal, describe });
    this.#tasks = new CallerTasks({
      temporal,
      tasks,
      taskQueue,
      describe,
      lists,
      live,
      resumePoints: new ResumePoints({ temporal, describe }),
      ends: new InputsAndOutcomes({ temporal, describe }),
      workers: new Workers(temporal),
      queues: new TaskQueues(temporal),
      deleted,
      linkTo,
    });
    this.#close = async () => {
      live.close();
      lists.close();
      await direct.close();
    };
  }

  /** Ends live readers and closes what was opened here; the client stays open. */
  close(): Promise<void> {
    return this.#close();
  }

  // All as one that is no caller in particular asks. An operation without a line here does not compile.
  readonly as: Tasks<T>['as'] = (...asked) => this.#tasks.as(...asked);
  readonly definitions: Tasks<T>['definitions'] = (...asked) => this.#tasks.definitions(...asked);
  readonly trigger: Tasks<T>['trigger'] = (...asked) => this.#tasks.trigger(...asked);
  readonly rerun: Tasks<T>['rerun'] = (...asked) => this.#tasks.rerun(...asked);
  readonly resume: Tasks<T>['resume'] = (...asked) => this.#tasks.resume(...asked);
  readonly checkpoint: Tasks<T>['checkpoint'] = (...asked) => this.#tasks.checkpoint(...asked);
  readonly abort: Tasks<T>['abort'] = (...asked) => this.#tasks.abort(...asked);
  readonly terminate: Tasks<T>['terminate'] = (...asked) => this.#tasks.terminate(...asked);
  readonly get: Tasks<T>['get'] = (...asked) => this.#tasks.get(...asked);
  readonly delete: Tasks<T>['delete'] = (...asked) => this.#tasks.delete(...asked);
  readonly input: Tasks<T>['input'] = (...asked) => this.#tasks.input(...asked);
  readonly outcome: Tasks<T>['outcome'] = (...asked) => this.#tasks.outcome(...asked);
  readonly diagnose: Tasks<T>['diagnose'] = (...asked) => this.#tasks.diagnose(...asked);
  readonly list: Tasks<T>['list'] = (...asked) => this.#tasks.list(...asked);
  readonly count: Tasks<T>['count'] = (...asked) => this.#tasks.count(...asked);
  readonly counts: Tasks<T>['counts'] = (...asked) => this.#tasks.counts(...asked);
  readonly logs: Tasks<T>['logs'] = (...asked) => this.#tasks.logs(...asked);
  readonly timeline: Tasks<T>['timeline'] = (...asked) => this.#tasks.timeline(...asked);
  readonly tail: Tasks<T>['tail'] = (...asked) => this.#tasks.tail(...asked);
  readonly watch: Tasks<T>['watch'] = (...asked) => this.#tasks.watch(...asked);
  readonly watchList: Tasks<T>['watchList'] = (...asked) => this.#tasks.watchList(...asked);
  readonly workers: Tasks<T>['workers'] = (...asked) => this.#tasks.workers(...asked);
  readonly me: Tasks<T>['me'] = (...asked) => this.#tasks.me(...asked);
  readonly server: Tasks<T>['server'] = (...asked) => this.#tasks.server(...asked);
  readonly settings: Tasks<T>['settings'] = (...asked) => this.#tasks.settings(...asked);
  readonly updateSettings: Tasks<T>['updateSettings'] = (...asked) =>
    this.#tasks.updateSettings(...asked);
}
