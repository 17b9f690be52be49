import { LIMITS } from '../../contract/limits.ts';
import { Turns } from '../../tools/turns.ts';
import {
  type ASTNode,
  type ASTVisitor,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  getNamedType,
  GraphQLError,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  isInterfaceType,
  isObjectType,
  Kind,
  type NamedTypeNode,
  type OperationDefinitionNode,
  parse,
  type ParseOptions,
  type SelectionNode,
  type SelectionSetNode,
  specifiedRules,
  validate,
  type ValidationContext,
  type ValidationRule,
  valueFromASTUntyped,
} from 'graphql';

const { document: MAX } = LIMITS;

export const parseOptions: ParseOptions = { maxLexicalTokens: MAX.tokens };

/** A document that may run, or the errors that say why not: for transports that are not mercurius'. */
export function parseDocument(
  schema: GraphQLSchema,
  source: string,
  rules: readonly ValidationRule[] = limitRules,
): { readonly document: DocumentNode } | { readonly errors: readonly GraphQLError[] } {
  try {
    const refusal = refuseText(source);
    if (refusal) return { errors: [refusal] };
    const document = parse(source, parseOptions);
    const errors = validate(schema, document, [...specifiedRules, ...rules]);
    return errors.length > 0 ? { errors } : { document };
  } catch (error) {
    if (error instanceof GraphQLError) return { errors: [error] };
    throw error;
  }
}

/** Why a text cannot be looked at at all. */
export function refuseText(source: string): GraphQLError | undefined {
  if (source.length > MAX.text)
    return exceeded(
      `Expected a document of at most ${MAX.text} characters, got ${source.length}: send large values as variables.`,
    );
  // mercurius takes a text that is JSON for a syntax tree, which no token was counted of.
  if (isJson(source))
    return new GraphQLError('Expected `query` to be GraphQL text, got JSON.', {
      extensions: { code: 'BAD_REQUEST' },
    });
  return undefined;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Run beside GraphQL's own rules. Introspection has a rule of its own there. */
export const limitRules: readonly ValidationRule[] = [
  (context) => counting(context, 'aliases', MAX.aliases, isAlias),
  (context) => counting(context, 'directives', MAX.directives, isDirective),
  longAliases,
  tooDeep,
];

const isAlias = (node: ASTNode): boolean => node.kind === Kind.FIELD && node.alias !== undefined;
const isDirective = (node: ASTNode): boolean => node.kind === Kind.DIRECTIVE;

function counting(
  context: ValidationContext,
  what: string,
  limit: number,
  counts: (node: ASTNode) => boolean,
): ASTVisitor {
  let count = 0;
  return {
    enter(node) {
      if (counts(node) && ++count === limit + 1)
        context.reportError(exceeded(`A document may have at most ${limit} ${what}.`));
    },
  };
}

function longAliases(context: ValidationContext): ASTVisitor {
  return {
    // The answer repeats it for each row.
    Field({ alias }) {
      if (alias && alias.value.length > MAX.alias)
        context.reportError(
          exceeded(`An alias may have at most ${MAX.alias} characters, got ${alias.value.length}.`),
        );
    },
  };
}

function tooDeep(context: ValidationContext): ASTVisitor {
  const schema = context.getSchema();
  return {
    OperationDefinition(operation) {
      const meter = new Meter(schema, (name) => context.getFragment(name), deepest);
      const size = meter.operation(operation);
      if (size > MAX.depth)
        context.reportError(
          exceeded(
            `An operation may ask for at most ${MAX.depth} levels of fields, got ${size}: ask in several operations.`,
          ),
        );
    },
  };
}

/** Lets others go first when a document is long: to read and to run it takes its time, and many may come at once. */
export async function turnFor(query: string): Promise<void> {
  if (query.length > LONG) await TURNS.next();
}
const TURNS = new Turns();
/** Characters. */
const LONG = 1024;

/** Why an operation costs too much to begin with, its variables counted by their values. */
export function refuseCost(
  schema: GraphQLSchema,
  { definitions }: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): GraphQLError | undefined {
  const fragments = new Map(
    definitions.flatMap((one) =>
      one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one] as const] : [],
    ),
  );
  const defaults = operation.variableDefinitions?.flatMap(({ variable, defaultValue }) =>
    defaultValue ? [[variable.name.value, valueFromASTUntyped(defaultValue)] as const] : [],
  );
  const given = { ...Object.fromEntries(defaults ?? []), ...variables };
  const size = new Meter(schema, (name) => fragments.get(name), costliest, given).operation(
    operation,
  );
  return size > MAX.cost
    ? exceeded(
        `An operation may ask for at most ${MAX.cost} fields, got ${size}: take smaller pages, or ask in several operations.`,
      )
    : undefined;
}

/** How a field's size follows from that of what is selected in it. */
interface Measure {
  readonly field: (inner: number, rows: number) => number;
  readonly together: (one: number, other: number) => number;
}
const deepest: Measure = { field: (inner) => inner + 1, together: Math.max };
const costliest: Measure = {
  field: (inner, rows) => 1 + rows * inner,
  together: (one, other) => one + other,
};

/** Sizes a selection with its fragments, each of which is looked at once for a type, however often it is spread. */
class Meter {
  readonly #fragments = new Map<string, number>();
  readonly #schema: GraphQLSchema;
  readonly #fragment: (name: string) => FragmentDefinitionNode | null | undefined;
  readonly #measure: Measure;
  readonly #variables: Readonly<Record<string, unknown>>;

  constructor(
    schema: GraphQLSchema,
    fragment: (name: string) => FragmentDefinitionNode | null | undefined,
    measure: Measure,
    variables: Readonly<Record<string, unknown>> = {},
  ) {
    this.#schema = schema;
    this.#fragment = fragment;
    this.#measure = measure;
    this.#variables = variables;
  }

  operation({ operation, selectionSet }: OperationDefinitionNode): number {
    return this.of(selectionSet, this.#schema.getRootType(operation) ?? undefined);
  }

  of({ selections }: SelectionSetNode, type: GraphQLNamedType | undefined): number {
    let size = 0;
    for (const selection of selections)
      size = this.#measure.together(size, this.#selection(selection, type));
    return size;
  }

  #selection(selection: SelectionNode, type: GraphQLNamedType | undefined): number {
    if (selection.kind === Kind.FIELD) return this.#field(selection, type);
    if (selection.kind === Kind.FRAGMENT_SPREAD) return this.#spread(selection.name.value);
    return this.of(selection.selectionSet, this.#narrowed(selection.typeCondition, type));
  }

  #field(node: FieldNode, parent: GraphQLNamedType | undefined): number {
    const name = node.name.value;
    if (name.startsWith('__') || !node.selectionSet) return name.startsWith('__') ? 0 : 1;
    const field =
      isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined;
    const inner = this.of(node.selectionSet, field && getNamedType(field.type));
    return this.#measure.field(inner, rowsOf(node, field, this.#variables));
  }

  #spread(name: string): number {
    const known = this.#fragments.get(name);
    if (known !== undefined) return known;
    const fragment = this.#fragment(name);
    if (!fragment) return 0;
    // For a fragment that spreads itself; GraphQL's own rules report it.
    this.#fragments.set(name, 0);
    const size = this.of(fragment.selectionSet, this.#narrowed(fragment.typeCondition, undefined));
    this.#fragments.set(name, size);
    return size;
  }

  #narrowed(
    condition: NamedTypeNode | undefined,
    type: GraphQLNamedType | undefined,
  ): GraphQLNamedType | undefined {
    return condition ? this.#schema.getType(condition.name.value) : type;
  }
}

/** How long a list a field may answer, by its `first`, `last` or `limit`, the largest of them. */
function rowsOf(
  node: FieldNode,
  field: GraphQLField<unknown, unknown> | undefined,
  variables: Readonly<Record<string, unknown>>,
): number {
  const paging = field?.args.filter(({ name }) => PAGING.has(name)) ?? [];
  if (paging.length === 0) return 1;
  const asked = paging.map(({ name, defaultValue }) => {
    const given = node.arguments?.find((one) => one.name.value === name)?.value;
    return Number((given && valueFromASTUntyped(given, variables)) ?? defaultValue ?? 0);
  });
  const rows = Math.max(...asked);
  return rows > 0 ? Math.min(rows, LONGEST_PAGE) : USUAL_PAGE;
}
const PAGING: ReadonlySet<string> = new Set(['first', 'last', 'limit']);
const USUAL_PAGE = 50;
const LONGEST_PAGE = LIMITS.lines;

const exceeded = (message: string): GraphQLError =>
  new GraphQLError(message, { extensions: { code: 'LIMIT_EXCEEDED' } });
