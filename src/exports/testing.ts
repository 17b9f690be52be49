// For tests: tasks in memory, activities without a server, and a whole Temporal.
export { FakeTasks } from '../testing/fake-tasks.ts';
export type { FakeLogLine, FakeTasksOptions } from '../testing/fake-tasks.ts';
export { runActivity } from '../testing/run-activity.ts';
export type { ActivityRun, RunActivityOptions } from '../testing/run-activity.ts';
export { startTestServer } from '../testing/test-server.ts';
export type { TestServer, TestService, TestServiceOptions } from '../testing/test-server.ts';
