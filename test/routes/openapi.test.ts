import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type ApiUnderTest, buildApi } from './api-app.js';

const answerSchema = z.looseObject({
  description: z.string().min(10),
  content: z.record(z.string(), z.looseObject({ schema: z.looseObject({}) })),
});
const operationSchema = z.looseObject({
  operationId: z.string().regex(/^[a-z][A-Za-z]+$/),
  summary: z.string().min(10),
  tags: z.tuple([z.string()]),
  parameters: z
    .array(z.looseObject({ name: z.string(), in: z.enum(['path', 'query', 'header']), required: z.boolean() }))
    .default([]),
  responses: z.record(z.string().regex(/^(\d{3}|[1-5]XX)$/), answerSchema),
});
const documentSchema = z.looseObject({
  openapi: z.string().regex(/^3\.1\.\d$/),
  info: z.looseObject({ title: z.string(), version: z.string(), description: z.string() }),
  tags: z.array(z.object({ name: z.string(), description: z.string() })),
  paths: z.record(
    z.string().startsWith('/'),
    z.record(z.enum(['get', 'post', 'put', 'patch', 'delete']), operationSchema).or(z.looseObject({})),
  ),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  components: z.object({
    schemas: z.record(z.string(), z.looseObject({ examples: z.array(z.unknown()).optional() })),
    securitySchemes: z.record(z.string(), z.looseObject({ type: z.string() })),
  }),
});

let api: ApiUnderTest;
let text: string;
let document: z.infer<typeof documentSchema>;
let operations: { place: string; path: string; operation: z.infer<typeof operationSchema> }[];

beforeAll(async () => {
  api = await buildApi();
  text = (await api.app.inject('/openapi.json')).body;
  document = documentSchema.parse(JSON.parse(text));
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      place: `${method} ${path}`,
      path,
      operation: operationSchema.parse(operation),
    })),
  );
});
afterAll(() => api.close());

/** The places for which a statement does not hold. */
const failing = (holds: (each: (typeof operations)[number]) => boolean) =>
  operations.filter((each) => !holds(each)).map(({ place }) => place);

describe('the OpenAPI document', () => {
  it('is one by the schema of OpenAPI 3.1 itself', async () => {
    expect(await new Validator().validate(JSON.parse(text))).toEqual({ valid: true });
    const [path = ''] = Object.keys(document.paths);
    const broken = { ...JSON.parse(text), paths: { [path]: { get: { parameters: [{ name: 'user' }] } } } };
    expect((await new Validator().validate(broken)).valid).toBe(false);
  });

  it('has the further fields of problems, which generated clients read', () => {
    expect(document.components.schemas.Problem?.properties).toMatchObject({
      field: { type: 'string' },
      attempts_left: { type: 'integer' },
      provider: { type: 'string' },
      who_must_act: { enum: ['user', 'operator', 'nobody'] },
    });
  });

  it('names every operation once', () => {
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(ids.length).toBeGreaterThan(12);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('gives every operation one topic that is described, and describes none in vain', () => {
    const used = new Set(operations.flatMap(({ operation }) => operation.tags));
    expect([...used].sort()).toEqual(document.tags.map(({ name }) => name).sort());
  });

  it('declares exactly the parameters that stand in each path, and requires them', () => {
    const inPath = (path: string) => [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
    const declared = ({ parameters }: z.infer<typeof operationSchema>) =>
      parameters
        .filter((parameter) => parameter.in === 'path' && parameter.required)
        .map(({ name }) => name)
        .sort();
    expect(failing(({ path, operation }) => declared(operation).join() === inPath(path).join())).toEqual([]);
  });

  it('says of every operation what comes of success, and that all else is a problem', () => {
    expect(
      failing(({ operation }) => Object.keys(operation.responses).filter((status) => /^2/.test(status)).length === 1),
    ).toEqual([]);
    expect(
      failing(({ operation }) =>
        ['4XX', '5XX'].every(
          (status) =>
            operation.responses[status]?.content['application/problem+json']?.schema.$ref ===
            '#/components/schemas/Problem',
        ),
      ),
    ).toEqual([]);
    expect(text).not.toContain('Default Response');
    expect(text).toContain('Epoch seconds.');
    expect(Object.keys(document.components.schemas).filter((name) => !text.includes(`schemas/${name}"`))).toEqual([]);
  });

  it('tells of the token routes what 409 holds', () => {
    const told = operations
      .filter(({ operation }) => operation.responses['409'])
      .map(({ operation }) => operation.operationId);
    expect(told).toEqual(expect.arrayContaining(['getToken', 'refreshToken']));
    expect(document.components.schemas.NotConnectedProblem).toMatchObject({
      required: expect.arrayContaining(['connect_url']),
    });
  });

  it('refers only to what is there', () => {
    const references = [...text.matchAll(/"\$ref":"#\/components\/(\w+)\/([^"]+)"/g)];
    expect(references.length).toBeGreaterThan(20);
    const known = JSON.stringify(Object.keys(document.components.schemas));
    expect(references.filter(([, kind, name]) => kind !== 'schemas' || !known.includes(`"${name}"`))).toEqual([]);
    expect([...text.matchAll(/"\$ref":"(?!#\/components\/schemas\/)/g)]).toEqual([]);
  });

  it('lets callers in by the schemes that it describes', () => {
    const named = document.security.flatMap((requirement) => Object.keys(requirement));
    expect(named.sort()).toEqual(Object.keys(document.components.securitySchemes).sort());
    expect(document.components.securitySchemes).toMatchObject({
      bearer: { type: 'http', scheme: 'bearer' },
      api_key: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
    });
  });

  it('gives examples that fit their own schemas', () => {
    const named = Object.entries(document.components.schemas);
    expect(named.length).toBeGreaterThan(8);
    const wrong = named.filter(([, schema]) => {
      const [example] = schema.examples ?? [];
      return example === undefined || !z.fromJSONSchema(schema).safeParse(example).success;
    });
    expect(wrong.map(([name]) => name)).toEqual([]);
    expect(z.fromJSONSchema(document.components.schemas.Token ?? {}).safeParse({}).success).toBe(false);
  });
});
