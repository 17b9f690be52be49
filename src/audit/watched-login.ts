import { TaskError } from '../contract/task-error.ts';
import { LoginUnavailable, NotAdmitted, Unauthenticated } from '../login/refusal.ts';
import type { Session } from '../login/session.ts';
import type { Audit } from './audit.ts';
import type { Origin } from './decision.ts';

/** A session, and why there is none: the caller is not told. What ends it while it is in use is told too. */
export async function watchedLogin(
  audit: Audit | undefined,
  origin: Origin,
  admit: () => Promise<Session>,
): Promise<Session> {
  if (!audit) return await admit();
  let session: Session;
  try {
    session = await admit();
  } catch (error) {
    audit.tell({ action: 'login', outcome: 'failure', origin, ...whyNot(error) });
    throw error;
  }
  return {
    ...session,
    watch: (ended) =>
      session.watch((end) => {
        audit.tell({ action: 'session-end', outcome: 'success', reason: end, session, origin });
        ended(end);
      }),
  };
}

function whyNot(error: unknown): { readonly reason: string; readonly credentialId?: string } {
  if (error instanceof Unauthenticated || error instanceof NotAdmitted) {
    const { why, credentialId } = error;
    return { reason: why, ...(credentialId !== undefined && { credentialId }) };
  }
  if (error instanceof TaskError) return { reason: error.code };
  if (error instanceof LoginUnavailable) return { reason: error.why };
  // Of an `authenticate` of whoever embeds the gateway: its words may hold anything.
  const isStatus =
    error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number';
  return { reason: isStatus ? String(error.statusCode) : 'error' };
}
