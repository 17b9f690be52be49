import type { Local, StartLocalOptions } from '../local/start-local.ts';

/**
 * Runs everything on this machine: worker and gateway in this process, and Temporal's dev server beside it. If the
 * configuration names a Temporal, that one is used and nothing is embedded. Resolves when it serves.
 */
export async function startLocal(options: StartLocalOptions): Promise<Local> {
  // Here, for the same reason as in `startTestServer`.
  const local = await import('../local/start-local.ts');
  return local.startLocal(options);
}
