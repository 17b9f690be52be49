import type { Client, DataConverter } from '@temporalio/client';
import type { NativeConnection, Worker, WorkerOptions } from '@temporalio/worker';
import type { TaskModule } from '../contract/task-definition.ts';
import type { TaskService } from '../service/task-service.ts';

export interface TestServerOptions {
  /** `host:port` of a Temporal that is there already. Without one a dev server is started, with everything in memory. */
  readonly address?: string;
  /** Where the Temporal CLI is kept, and fetched to (45 MB, once) when there is none. Default: `.waymark`. */
  readonly folder?: string;
  /** Told what the start waits for, a sentence each. */
  readonly report?: (line: string) => void;
  /** Of client and workers, such as `encryption({ keys })`. */
  readonly dataConverter?: DataConverter;
}

export interface TestServiceOptions<T extends TaskModule> {
  /** `import * as tasks from './workflows.ts'`. */
  readonly tasks: T;
  /** The file of that import, for the worker: workflow code is bundled from it. */
  readonly workflowsPath: string | URL;
  /** `import * as activities from './activities.ts'`. */
  readonly activities: object;
  /** More options of the worker. */
  readonly worker?: Omit<
    WorkerOptions,
    'connection' | 'taskQueue' | 'workflowsPath' | 'workflowBundle' | 'activities'
  >;
}

export interface TestService<T extends TaskModule> {
  readonly service: TaskService<T>;
  /** Of its own, so that tests beside it are not seen. */
  readonly taskQueue: string;
  readonly worker: Worker;
  /** Resolves when the worker has ended and its running activities were told to stop. */
  readonly stop: () => Promise<void>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}

export interface TestServer {
  /** `host:port` of Temporal's gRPC. */
  readonly address: string;
  readonly namespace: string;
  /** Of Temporal's SDK, with the search attributes of task runs registered. */
  readonly client: Client;
  /** For workers that a test makes itself. */
  readonly connection: NativeConnection;
  /** Runs a worker for these tasks, on a task queue of its own, and answers the service that triggers them. */
  readonly serve: <T extends TaskModule>(options: TestServiceOptions<T>) => Promise<TestService<T>>;
  /** Stops everything that was started here. */
  readonly close: () => Promise<void>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}
