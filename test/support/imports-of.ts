import { readFile } from 'node:fs/promises';
import { parseSync } from 'vite';

/** The modules that a file loads at run time: what is imported for its types only is not there. */
export const importsOf = (file: string): Promise<readonly string[]> => sourcesOf(file, false);

/** The same with those that it takes types from. */
export const mentionsOf = (file: string): Promise<readonly string[]> => sourcesOf(file, true);

async function sourcesOf(file: string, withTypes: boolean): Promise<readonly string[]> {
  const sources: string[] = [];
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) return node.forEach(visit);
    if (!isNode(node)) return;
    const typesOnly = node['importKind'] === 'type' || node['exportKind'] === 'type';
    if (LOADS.has(String(node['type'])) && (withTypes || !typesOnly) && isNode(node['source'])) {
      const { value } = node['source'];
      // What is put together at run time has no name yet.
      if (typeof value === 'string') sources.push(value);
    }
    Object.values(node).forEach(visit);
  };
  visit(parseSync(file, await readFile(file, 'utf8')).program);
  return sources;
}

const LOADS = new Set([
  'ImportDeclaration',
  'ImportExpression',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
]);
const isNode = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
