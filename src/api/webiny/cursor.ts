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
