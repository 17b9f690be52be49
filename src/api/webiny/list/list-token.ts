import { TaskError } from '../../../contract/task-error.ts';

/** The namespace's cursor: a JSON text in base64. Null for one that is damaged, which means «from the start». */
export function decodeCursor(cursor: string | null | undefined): string | null {
  if (!cursor) return null;
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64').toString('utf8'));
    return typeof value === 'string' ? value : null;
  } catch {
    return null;
  }
}

export const encodeCursor = (position: string): string =>
  Buffer.from(JSON.stringify(position)).toString('base64');

/** Reads from a position; a position of another list, or of a gateway with another secret, means «from the start». */
export async function orFromStart<Answer>(
  position: string | null,
  read: (position: string | null) => Promise<Answer>,
): Promise<Answer> {
  try {
    return await read(position);
  } catch (error) {
    if (position !== null && error instanceof TaskError && error.code === 'INVALID_CURSOR')
      return await read(null);
    throw error;
  }
}
