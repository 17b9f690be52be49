import type { FastifyInstance } from 'fastify';

export interface HealthOptions {
  /** Resolves when what the gateway needs can be reached, rejects when not, and settles within the deadline. */
  readonly ready: (options: { readonly deadline: number }) => Promise<unknown>;
  /** Milliseconds that `ready` may take. */
  readonly deadline?: number;
}

/**
 * `/healthz`: this process answers. `/readyz`: it can do its work. An application that begins to close answers 503
 * to everything, by Fastify.
 */
export async function health(
  app: FastifyInstance,
  { ready, deadline = 2000 }: HealthOptions,
): Promise<void> {
  let asked: Promise<string | null> | null = null;
  let known: string | null = null;

  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/readyz', async (request, reply) => {
    // One question at a time, however many ask.
    asked ??= ask().finally(() => {
      asked = null;
    });
    const trouble = await asked;
    // Probes come all the time: what is new is said once.
    if (trouble !== known)
      request.log.warn(trouble === null ? 'Ready again' : `Not ready: ${trouble}`);
    known = trouble;
    if (trouble === null) return { status: 'ready' };
    return reply.code(503).send({ status: 'unavailable' });
  });

  async function ask(): Promise<string | null> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`No answer within ${deadline} ms`)), deadline);
    });
    try {
      await Promise.race([ready({ deadline }), late]);
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    } finally {
      clearTimeout(timer);
    }
  }
}
