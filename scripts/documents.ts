import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  buildSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isInputType,
  isListType,
  isNonNullType,
  isObjectType,
  isScalarType,
  Kind,
  parse,
  print,
  stripIgnoredCharacters,
  typeFromAST,
  validate,
} from 'graphql';
import type {
  DocumentNode,
  FragmentDefinitionNode,
  GraphQLInputType,
  GraphQLNamedType,
  GraphQLObjectType,
  GraphQLOutputType,
  GraphQLSchema,
  GraphQLType,
  OperationDefinitionNode,
  SelectionSetNode,
} from 'graphql';

/**
 * A module of the documents in a folder: of each operation its text and the types of its answer and variables, and of
 * each fragment its type. Throws when one does not fit the schema.
 */
export async function generateDocuments(schemaFile: string, folder: string): Promise<string> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.graphql')).toSorted();
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')));
  const document = parse(texts.join('\n'));
  const schema = buildSchema(await readFile(schemaFile, 'utf8'));
  const [error] = validate(schema, document);
  if (error) throw error;
  return new Module(schema, document).text();
}

const HEAD = `// Made by \`npm run documents\` from schema.graphql and the documents beside this file.
import type { Document } from '../wire/document.ts';
`;

const SCALARS: Readonly<Record<string, string>> = {
  ID: 'string',
  String: 'string',
  DateTime: 'string',
  Int: 'number',
  Float: 'number',
  Boolean: 'boolean',
  JSON: 'unknown',
};

class Module {
  readonly #schema: GraphQLSchema;
  readonly #operations: readonly OperationDefinitionNode[];
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** Enums and inputs that are used, by their names. */
  readonly #named = new Map<string, string>();

  constructor(schema: GraphQLSchema, { definitions }: DocumentNode) {
    this.#schema = schema;
    this.#operations = definitions.filter((one) => one.kind === Kind.OPERATION_DEFINITION);
    this.#fragments = new Map(
      definitions
        .filter((one) => one.kind === Kind.FRAGMENT_DEFINITION)
        .map((one) => [one.name.value, one]),
    );
  }

  text(): string {
    const fragments = [...this.#fragments.values()].map(
      ({ name, typeCondition, selectionSet }) =>
        `export type ${name.value}Fragment = ${this.#selected(typeCondition.name.value, [selectionSet])};`,
    );
    const operations = this.#operations.map((operation) => this.#operation(operation));
    const named = [...this.#named].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text);
    return [HEAD, ...named, ...fragments, ...operations, ''].join('\n');
  }

  #operation(node: OperationDefinitionNode): string {
    const name = node.name?.value ?? '';
    const root = this.#schema.getRootType(node.operation);
    const variables = (node.variableDefinitions ?? []).map(({ variable, type }) =>
      this.#input(variable.name.value, inputOf(typeFromAST(this.#schema, type))),
    );
    const used = this.#fragmentsOf(node.selectionSet);
    // Without its name, which nobody reads: each byte of it is in every app.
    const { name: _name, ...nameless } = node;
    const text = stripIgnoredCharacters([nameless, ...used].map(print).join('\n'));
    return [
      `export type ${name}Variables = { ${variables.join(' ')} };`,
      `export type ${name}Data = ${this.#selected(root?.name ?? '', [node.selectionSet])};`,
      `export const ${name}: Document<${name}Data, ${name}Variables> =`,
      `  ${JSON.stringify(text)};`,
    ].join('\n');
  }

  /** The type of what is selected: a union when there may be several. */
  #selected(parent: string, sets: readonly SelectionSetNode[]): string {
    const type = this.#schema.getType(parent);
    if (!isCompositeType(type)) throw new Error(`Expected ${parent} to have fields.`);
    const objects = isObjectType(type) ? [type] : this.#schema.getPossibleTypes(type);
    return [...new Set(objects.map((one) => this.#object(one, sets)))].join(' | ');
  }

  #object(type: GraphQLObjectType, sets: readonly SelectionSetNode[]): string {
    const fields = new Map<string, { type: GraphQLOutputType; sets: SelectionSetNode[] } | null>();
    const collect = ({ selections }: SelectionSetNode): void => {
      for (const one of selections) {
        if (one.kind === Kind.FIELD) {
          const key = (one.alias ?? one.name).value;
          const field = type.getFields()[one.name.value];
          if (!field) {
            fields.set(key, null);
            continue;
          }
          const known = fields.get(key) ?? { type: field.type, sets: [] };
          if (one.selectionSet) known.sets.push(one.selectionSet);
          fields.set(key, known);
          continue;
        }
        const part = one.kind === Kind.INLINE_FRAGMENT ? one : this.#fragmentOf(one.name.value);
        if (this.#holdsFor(part.typeCondition?.name.value, type)) collect(part.selectionSet);
      }
    };
    sets.forEach(collect);
    const texts = [...fields].map(([key, field]) =>
      // What no type has is `__typename`.
      field === null
        ? `readonly ${key}: '${type.name}';`
        : `readonly ${key}: ${this.#output(field.type, field.sets)};`,
    );
    return `{ ${texts.join(' ')} }`;
  }

  #holdsFor(condition: string | undefined, type: GraphQLObjectType): boolean {
    const other = condition === undefined ? type : this.#schema.getType(condition);
    return other === type || (isAbstractType(other) && this.#schema.isSubType(other, type));
  }

  #output(type: GraphQLOutputType, sets: readonly SelectionSetNode[]): string {
    if (!isNonNullType(type)) return `${this.#present(type, sets)} | null`;
    return this.#present(type.ofType, sets);
  }
  #present(type: GraphQLOutputType, sets: readonly SelectionSetNode[]): string {
    if (isListType(type)) return `readonly (${this.#output(type.ofType, sets)})[]`;
    const named = getNamedType(type);
    return sets.length > 0 ? this.#selected(named.name, sets) : this.#leaf(named);
  }

  #input(name: string, type: GraphQLInputType): string {
    if (isNonNullType(type)) return `readonly ${name}: ${this.#given(type.ofType)};`;
    return `readonly ${name}?: ${this.#given(type)} | null | undefined;`;
  }
  #given(type: GraphQLInputType): string {
    if (isNonNullType(type)) return this.#given(type.ofType);
    if (isListType(type)) return `readonly ${this.#given(type.ofType)}[]`;
    return this.#leaf(getNamedType(type));
  }

  #leaf(type: GraphQLNamedType): string {
    if (isScalarType(type)) return SCALARS[type.name] ?? 'unknown';
    if (!this.#named.has(type.name)) {
      this.#named.set(type.name, '');
      this.#named.set(type.name, this.#declared(type));
    }
    return type.name;
  }

  #declared(type: GraphQLNamedType): string {
    if (isEnumType(type))
      return `export type ${type.name} = ${type
        .getValues()
        .map(({ name }) => `'${name}'`)
        .join(' | ')};`;
    if (!isInputObjectType(type)) throw new Error(`Expected ${type.name} to have a selection.`);
    const fields = Object.values(type.getFields()).map(({ name, type }) => this.#input(name, type));
    return `export type ${type.name} = { ${fields.join(' ')} };`;
  }

  #fragmentOf(name: string): FragmentDefinitionNode {
    const fragment = this.#fragments.get(name);
    if (!fragment) throw new Error(`Expected a fragment ${name}.`);
    return fragment;
  }

  /** Those that a selection needs, each once. */
  #fragmentsOf(
    { selections }: SelectionSetNode,
    found = new Set<FragmentDefinitionNode>(),
  ): ReadonlySet<FragmentDefinitionNode> {
    for (const one of selections) {
      if (one.kind === Kind.FRAGMENT_SPREAD) {
        const fragment = this.#fragmentOf(one.name.value);
        if (found.has(fragment)) continue;
        found.add(fragment);
        this.#fragmentsOf(fragment.selectionSet, found);
      } else if (one.selectionSet) this.#fragmentsOf(one.selectionSet, found);
    }
    return found;
  }
}

function inputOf(type: GraphQLType | undefined): GraphQLInputType {
  if (isInputType(type)) return type;
  throw new Error(`Expected ${String(type)} to be the type of a variable.`);
}
