export * from './contract-door.ts';
export { TasksClient } from './anywhere-client.ts';
