// For tests and for one machine: tasks in memory, activities without a server, a whole Temporal.
export { FakeTasks } from '../testing/fake-tasks.ts';
export type { FakeLogLine, FakeTasksOptions } from '../testing/fake-tasks.ts';
export { runActivity } from '../testing/run-activity.ts';
export type {
  ActivityCheckpoint,
  ActivityLine,
  ActivityRun,
  RunActivityOptions,
} from '../testing/run-activity.ts';
export { startTestServer } from '../testing/start-test-server.ts';
export type {
  TestServer,
  TestServerOptions,
  TestService,
  TestServiceOptions,
} from '../testing/test-server.ts';
export { startLocal } from '../testing/open-local.ts';
export type { Local, StartLocalOptions } from '../local/start-local.ts';
