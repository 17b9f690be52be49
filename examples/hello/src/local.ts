// PROCESS: everything on this machine, Temporal's dev server included. For development: `npm start`.
import { startLocal } from 'waymark/testing';
import * as activities from './activities.js';
import * as tasks from './tasks.js';

const local = await startLocal({
  tasks,
  workflows: { workflowsPath: new URL('./tasks.js', import.meta.url) },
  activities,
  report: (line) => console.log(line),
});
console.log(`GraphQL page     ${local.graphiql}`);
console.log(`Temporal Web UI  ${local.temporalUi ?? `of the Temporal at ${local.temporal}`}`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void local.stop());
