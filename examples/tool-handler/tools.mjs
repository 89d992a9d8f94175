/** Tools of an agent that need a person's token, in the shapes of LangChain and the Vercel AI SDK. The part to read. */

import { OAuthNotConnected, withOAuthToken } from 'valetkey';

/**
 * A tool: `run` gets a valid token and the model's input, and says something. Whose token is not for the model to
 * choose: there is no user among `properties`.
 */
export function createWhoAmI(github) {
  return {
    name: 'github_whoami',
    provider: 'github',
    description: 'Says who the person is on GitHub',
    properties: { greeting: { type: 'string', description: 'how to address them' } },
    run: async (token, { greeting = 'You are' }) => {
      const headers = { authorization: `Bearer ${token}`, 'user-agent': 'tool-handler' };
      const response = await fetch(`${github}/user`, { headers });
      if (!response.ok) return `GitHub answered ${response.status}.`;
      const { login, name } = await response.json();
      return `${greeting} ${name} (@${login}).`;
    },
  };
}

/**
 * Runs a tool for one person. Where that person has to connect first, the model gets a sentence to pass on instead of a
 * fault, and the call is kept until the person is done.
 */
export async function callTool(tool, userId, input) {
  const resume = { tool: tool.name, userId, input };
  try {
    return await withOAuthToken({ userId }, tool.provider, (token) => tool.run(token, input), { resume });
  } catch (error) {
    if (!(error instanceof OAuthNotConnected)) throw error;
    return `Ask the person to connect ${tool.provider} first: ${error.connectUrl}`;
  }
}

/**
 * For `generateText({ tools })` of the Vercel AI SDK: made per request, for the person whose session it is. `jsonSchema`
 * is the function of that name of the package `ai`.
 */
export function toAiSdkTools(tools, { userId, jsonSchema }) {
  return Object.fromEntries(
    tools.map((tool) => [
      tool.name,
      {
        description: tool.description,
        inputSchema: jsonSchema(schemaOf(tool)),
        execute: (input) => callTool(tool, userId, input),
      },
    ]),
  );
}

/**
 * The two arguments of LangChain's `tool(func, fields)`. The person comes with the call's `config`, which the program
 * sets when it invokes the agent: `agent.invoke(input, { configurable: { userId } })`.
 */
export function toLangChainTool(tool) {
  const fields = { name: tool.name, description: tool.description, schema: schemaOf(tool) };
  return [(input, config) => callTool(tool, config.configurable.userId, input), fields];
}

/** JSON Schema, for the model. `additionalProperties: false` leaves it no room for a user. */
function schemaOf({ properties }) {
  return { type: 'object', properties, additionalProperties: false };
}
