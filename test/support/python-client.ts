/** Writes a Python client from the OpenAPI document alone, as any client generator would. */

import { z } from 'zod';

const parameterSchema = z.looseObject({
  name: z.string(),
  in: z.enum(['path', 'query', 'header']),
  required: z.boolean(),
});
const operationSchema = z.looseObject({
  operationId: z.string(),
  summary: z.string(),
  parameters: z.array(parameterSchema).default([]),
  requestBody: z.looseObject({ content: z.record(z.string(), z.unknown()) }).optional(),
  responses: z.record(z.string(), z.looseObject({ content: z.record(z.string(), z.unknown()).optional() })),
});
const documentSchema = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), z.unknown())),
});

/** The function that every operation calls; it needs only the standard library. */
const runtime = `import json
import urllib.error
import urllib.parse
import urllib.request


class Problem(Exception):
    """An answer that is no success: a problem of RFC 9457, as a dictionary."""

    def __init__(self, status, body):
        super().__init__(f"{status} {body.get('code')}")
        self.status = status
        self.body = body


class Client:
    def __init__(self, base_url, credential):
        self._base_url = base_url
        self._credential = credential

    def _call(self, method, path, query, headers, body):
        query = {name: value for name, value in query.items() if value is not None}
        headers = {name: value for name, value in headers.items() if value is not None}
        headers["authorization"] = f"Bearer {self._credential}"
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["content-type"] = "application/json"
        url = self._base_url + path + ("?" + urllib.parse.urlencode(query) if query else "")
        request = urllib.request.Request(url, data=data, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return json.loads(answer.read() or "null")
        except urllib.error.HTTPError as refused:
            raise Problem(refused.code, json.loads(refused.read())) from None
`;

/** The source of a module with one class `Client`: one method per operation that answers JSON. */
export function writePythonClient(document: unknown): string {
  const { paths } = documentSchema.parse(document);
  const methods = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, operation]) => writeMethod(path, method, operationSchema.parse(operation))),
  );
  return [runtime, ...methods].join('\n');
}

function writeMethod(path: string, method: string, operation: z.infer<typeof operationSchema>): string[] {
  const answersJson = Object.entries(operation.responses).some(
    ([status, { content }]) => status.startsWith('2') && content?.['application/json'] !== undefined,
  );
  if (!answersJson) return [];
  const { parameters, requestBody, summary, operationId } = operation;
  const inPath = parameters.filter((each) => each.in === 'path').map(({ name }) => name);
  const others = parameters.filter((each) => each.in !== 'path');
  const named = [
    ...(requestBody ? ['body=None'] : []),
    ...others.map(({ name, required }) => (required ? snake(name) : `${snake(name)}=None`)),
  ];
  const given = ['self', ...inPath.map(snake), ...(named.length > 0 ? ['*', ...named] : [])].join(', ');
  const quoted = path.replace(/\{(\w+)\}/g, (_place, name: string) => `{urllib.parse.quote(${snake(name)}, safe='')}`);
  const table = (where: string) =>
    `{${others.flatMap((each) => (each.in === where ? [`"${each.name}": ${snake(each.name)}`] : [])).join(', ')}}`;
  const call = [
    `"${method.toUpperCase()}"`,
    `f"${quoted}"`,
    table('query'),
    table('header'),
    requestBody ? 'body' : 'None',
  ];
  return [
    `    def ${snake(operationId)}(${given}):`,
    `        """${summary.replaceAll('"', "'")}"""`,
    `        return self._call(${call.join(', ')})`,
    '',
  ];
}

function snake(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toLowerCase();
}
