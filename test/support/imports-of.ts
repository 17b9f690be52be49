import { readFile } from 'node:fs/promises';
import { parseSync } from 'vite';

/** The modules that a file loads at run time: what is imported for its types only is not there. */
export async function importsOf(file: string): Promise<readonly string[]> {
  const sources: string[] = [];
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) return node.forEach(visit);
    if (!isNode(node)) return;
    const typesOnly = node['importKind'] === 'type' || node['exportKind'] === 'type';
    if (LOADS.has(String(node['type'])) && !typesOnly && isNode(node['source']))
      sources.push(String(node['source']['value']));
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
