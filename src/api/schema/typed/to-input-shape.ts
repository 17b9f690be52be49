import type { InputRef } from '@pothos/core';
import type { Builder } from '../kit/builder.ts';
import { describeLimits, isEnumName } from './describe-limits.ts';
import { inlineReferences, isRecord, takeNull } from '../kit/json-schema.ts';
import type { JsonSchema } from '../kit/json-schema.ts';
import type { TypedTriggerName } from './typed-trigger-names.ts';

type NamedType = 'String' | 'Int' | 'Float' | 'Boolean' | 'JSON' | InputRef;

/** How a value is written in GraphQL, and how what came is read back. */
export interface InputShape {
  readonly type: NamedType | [NamedType];
  /** One must be given. For a list: whether its items can be null. */
  readonly required: boolean | { readonly list: boolean; readonly items: boolean };
  readonly read: (value: unknown) => unknown;
}

/**
 * The GraphQL input of a definition, made from the JSON Schema of what it takes. What GraphQL has no shape
 * for is JSON, for that field only. Undefined for an object without fields.
 */
export function toInputShape(
  builder: Builder,
  inputSchema: JsonSchema,
  { name, title }: { readonly name: TypedTriggerName; readonly title: string },
): InputShape | undefined {
  const schema = inlineReferences(inputSchema);
  const shapes = new Shapes(builder, name);
  const fields = fieldsOf(schema);
  if (!fields) return { ...shapes.of(schema, []), required: !takesEmptyObject(schema) };
  if (fields.length === 0) return undefined;
  const description = `What a run of ${title} is given.`;
  return {
    ...shapes.object(name.inputType, fields, [], description),
    required: fields.some((field) => field.required && !field.nullable),
  };
}

const takesEmptyObject = ({ type, required = [] }: JsonSchema): boolean =>
  type === 'object' && Array.isArray(required) && required.length === 0;

interface Field {
  readonly key: string;
  readonly schema: JsonSchema;
  readonly nullable: boolean;
  readonly required: boolean;
}

/** The fields of an object that GraphQL can write; undefined for any other schema. */
function fieldsOf({
  type,
  properties = {},
  required,
  additionalProperties = false,
  ...more
}: JsonSchema): readonly Field[] | undefined {
  const combined = 'anyOf' in more || 'oneOf' in more || 'allOf' in more || '$ref' in more;
  if (type !== 'object' || combined || additionalProperties !== false) return undefined;
  if (!isRecord(properties) || !Object.keys(properties).every(isFieldName)) return undefined;
  return Object.entries(properties).map(([key, property]) => {
    const { schema, nullable } = takeNull(isRecord(property) ? property : {});
    return { key, schema, nullable, required: Array.isArray(required) && required.includes(key) };
  });
}

const isFieldName = (key: string): boolean => /^(?!__)[_A-Za-z]\w*$/.test(key);
const asItIs = (value: unknown): unknown => value;

class Shapes {
  readonly #builder: Builder;
  readonly #name: TypedTriggerName;

  constructor(builder: Builder, name: TypedTriggerName) {
    this.#builder = builder;
    this.#name = name;
  }

  of(schema: JsonSchema, path: readonly string[]): Omit<InputShape, 'required'> {
    const { type, enum: choices, const: constant, items } = schema;
    const fields = fieldsOf(schema);
    if (fields && fields.length > 0)
      return this.object(
        this.#name.innerType(path, 'Input'),
        fields,
        path,
        describeLimits(schema) || `${show(path)} of the input.`,
      );
    if (type === 'array' && isRecord(items) && !('prefixItems' in schema)) {
      const item = this.of(takeNull(items).schema, path);
      return {
        // A list of lists has no shape in our builder: its inner lists are JSON.
        type: [Array.isArray(item.type) ? 'JSON' : item.type],
        read: (value) =>
          Array.isArray(value) ? value.map((one) => readOr(item.read, one)) : value,
      };
    }
    const words = constant === undefined ? choices : [constant];
    if (type === 'string' && Array.isArray(words) && words.every(isEnumName))
      return { type: this.#enumOf(words, schema, path), read: asItIs };
    return { type: scalarOf(schema), read: asItIs };
  }

  object(
    name: string,
    fields: readonly Field[],
    path: readonly string[],
    description: string,
  ): Omit<InputShape, 'required'> {
    const shapes = fields.map((field) => ({
      ...field,
      shape: this.of(field.schema, [...path, field.key]),
    }));
    const type = this.#builder.inputType(name, {
      description,
      fields: (t) =>
        Object.fromEntries(
          shapes.map(({ key, schema, nullable, required, shape }) => {
            const standard = defaultOf(schema, shape.type);
            const needed = required && !nullable;
            return [
              key,
              t.field({
                type: shape.type,
                required: Array.isArray(shape.type)
                  ? { list: needed, items: !takesNullItems(schema) }
                  : needed,
                description: describeLimits(schema) || `${show([key])} of the input.`,
                ...(standard !== undefined && { defaultValue: standard }),
              }),
            ];
          }),
        ),
    });
    return {
      type,
      read: (value) =>
        isRecord(value) ? Object.fromEntries(shapes.flatMap(readField(value))) : value,
    };
  }

  #enumOf(words: readonly string[], schema: JsonSchema, path: readonly string[]): InputRef {
    const name = path.length > 0 ? this.#name.innerType(path, '') : this.#name.inputType;
    return this.#builder.enumType(name, {
      description: describeLimits(schema) || `${show(path)} of the input.`,
      values: Object.fromEntries(words.map((word) => [word, { description: `\`${word}\`.` }])),
    });
  }
}

/** GraphQL clients write null for what they leave out; a schema that has optional fields does not take it. */
const readField =
  (value: JsonSchema) =>
  ({
    key,
    nullable,
    required,
    shape,
  }: Field & { readonly shape: Omit<InputShape, 'required'> }): [string, unknown][] => {
    const one = value[key] ?? null;
    if (one !== null) return [[key, shape.read(one)]];
    return nullable && (required || key in value) ? [[key, null]] : [];
  };

const readOr = (read: InputShape['read'], value: unknown): unknown =>
  value === null ? null : read(value);

const takesNullItems = ({ items }: JsonSchema): boolean =>
  isRecord(items) && takeNull(items).nullable;

function scalarOf({
  type,
  minimum,
  maximum,
  default: standard,
}: JsonSchema): 'String' | 'Int' | 'Float' | 'Boolean' | 'JSON' {
  if (type === 'string') return 'String';
  if (type === 'boolean') return 'Boolean';
  if (type === 'number') return 'Float';
  if (type === 'integer') return [minimum, maximum, standard].some(isBeyondInt) ? 'Float' : 'Int';
  return 'JSON';
}

/** An integer whose bounds or default were chosen so wide: GraphQL's has 32 bits. zod's own bounds say nothing. */
const isBeyondInt = (bound: unknown): boolean =>
  typeof bound === 'number' &&
  Math.abs(bound) !== Number.MAX_SAFE_INTEGER &&
  (bound > 2_147_483_647 || bound < -2_147_483_648);

/** A default that GraphQL can show; an object's is told in its description. */
function defaultOf({ default: value }: JsonSchema, type: InputShape['type']): unknown {
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(type)) return Array.isArray(value) && value.every(isSimple) ? value : undefined;
  return isSimple(value) ? value : undefined;
}
const isSimple = (one: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof one);

const show = (path: readonly string[]): string => `\`${path.join('.')}\``;
