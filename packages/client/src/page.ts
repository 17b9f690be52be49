export * from './contract-door.ts';
export { TasksClient } from './tasks-client.ts';
