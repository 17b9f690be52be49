// PROCESS: serves GraphQL at /graphql, and our own routes.
import { TaskService } from 'waymark';
import { createApp } from './app.js';
import { connect, taskQueue } from './settings.js';
import * as tasks from './tasks.js';

const temporal = await connect();
const service = new TaskService({ ...temporal, tasks, taskQueue });
const app = await createApp(service);
const stop = async (): Promise<void> => {
  await app.close();
  await service.close();
  await temporal.close();
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop());
const address = await app.listen({ host: '127.0.0.1', port: Number(process.env['PORT'] ?? 4000) });
console.log(`Serving at ${address}/graphql`);
