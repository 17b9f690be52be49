import type { TaskModule } from '../../../src/contract/task-definition.ts';
import { TasksClient as PageClient } from './tasks-client.ts';
import type { TasksClientOptions } from './tasks-client.ts';
import { eventStreams } from './wire/event-transport.ts';

/** A client that brings event streams too: outside of a page sockets are not everywhere. */
export class TasksClient<T extends TaskModule = TaskModule> extends PageClient<T> {
  constructor(options: TasksClientOptions) {
    super({ events: eventStreams, ...options });
  }
}
