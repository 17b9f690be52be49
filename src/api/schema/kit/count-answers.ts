import { defaultFieldResolver, getNamedType, isLeafType, isObjectType } from 'graphql';
import type { GraphQLField, GraphQLFieldResolver, GraphQLSchema } from 'graphql';
import type { GatewayContext } from './context.ts';

/** Has each field of a schema take its bytes from the operation that asks for it. Answers the same schema. */
export function countAnswers(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap()))
    if (isObjectType(type) && !type.name.startsWith('__'))
      for (const field of Object.values(type.getFields())) field.resolve = counted(field);
  return schema;
}

function counted({
  type,
  resolve = defaultFieldResolver,
}: GraphQLField<unknown, GatewayContext>): GraphQLFieldResolver<unknown, GatewayContext> {
  const isLeaf = isLeafType(getNamedType(type));
  return (source, args, context, info) => {
    const { operation } = context;
    const take = (resolved: unknown): unknown => {
      const bytes = isLeaf ? operation.measure(resolved).text : EMPTY;
      operation.answer(String(info.path.key).length + FIELD + bytes);
      return resolved;
    };
    const fail = (error: unknown): never => {
      throw operation.fail(error, info);
    };
    try {
      const value: unknown = resolve(source, args, context, info);
      return value instanceof Promise ? value.then(take).catch(fail) : take(value);
    } catch (error) {
      return fail(error);
    }
  };
}

/** Bytes of quotes, colon and comma; of an object's braces. */
const FIELD = 4;
const EMPTY = 2;
