import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { enums } from './temporal/proto.ts';

export interface ActivityRateOptions {
  readonly client: Client;
  readonly taskQueue: string;
  /** Told what does not work; it is tried again. */
  readonly log: { readonly warn: (fields: object, message: string) => void };
}

/**
 * Holds each tenant to a rate of activity starts in a task queue. Temporal does it, over all workers and gateways; what
 * is written here stays until somebody writes something else.
 */
export class ActivityRate {
  readonly #options: ActivityRateOptions;
  #wanted: number | null = null;
  #writing: Promise<void> | undefined;
  readonly #closing = new AbortController();
  #pausing = new AbortController();

  constructor(options: ActivityRateOptions) {
    this.#options = options;
  }

  /** Starts a second of a tenant of weight 1; null for as many as there are. Resolves when Temporal holds to it. */
  async set(perSecond: number | null): Promise<void> {
    this.#wanted = perSecond;
    this.#pausing.abort();
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
    await this.#writing;
  }

  /** What is written stays. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#pausing.abort();
    await this.#writing;
  }

  async #write(): Promise<void> {
    let written: number | null | undefined;
    while (!this.#closing.signal.aborted && written !== this.#wanted) {
      const wanted = this.#wanted;
      try {
        // One that an operator has set by other means is not ours to take away.
        if (wanted !== null || (await this.#isOurs())) await this.#update(wanted);
        written = wanted;
      } catch (error) {
        this.#options.log.warn(
          { err: error },
          'Temporal does not take `limits.activitiesPerSecond`: trying again',
        );
        this.#pausing = new AbortController();
        const { signal } = this.#pausing;
        await sleep(PAUSE, undefined, { signal, ref: false }).catch(() => undefined);
      }
    }
  }

  async #update(perSecond: number | null): Promise<void> {
    const { client, taskQueue } = this.#options;
    await client.workflowService.updateTaskQueueConfig({
      namespace: client.options.namespace,
      identity: client.options.identity,
      taskQueue,
      taskQueueType: ACTIVITY,
      updateFairnessKeyRateLimitDefault: {
        ...(perSecond !== null && { rateLimit: { requestsPerSecond: perSecond } }),
        reason: REASON,
      },
    });
  }

  async #isOurs(): Promise<boolean> {
    const { client, taskQueue } = this.#options;
    const { config } = await client.workflowService.describeTaskQueue({
      namespace: client.options.namespace,
      taskQueue: { name: taskQueue },
      taskQueueType: ACTIVITY,
      reportConfig: true,
    });
    return config?.fairnessKeysRateLimitDefault?.metadata?.reason === REASON;
  }
}

const { TASK_QUEUE_TYPE_ACTIVITY: ACTIVITY } = enums.TaskQueueType;
/** By which it is known again. */
const REASON = 'waymark: limits.activitiesPerSecond';
/** Milliseconds. */
const PAUSE = 5000;
