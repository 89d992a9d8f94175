/** The part to read: how an agent calls a tool of any MCP server for one person. */

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { OAuthNotConnected } from 'valetkey';
import { createMcpFetch } from 'valetkey/mcp';

/**
 * @param needPerson is called with `OAuthNotConnected` when the person has to connect; what was interrupted goes on
 *   when it resolves. A bot posts `error.connectUrl` in the chat and comes back when the person is done.
 */
export function createAgent({ manager, userId, needPerson }) {
  async function callOnce(url, tool) {
    const fetch = createMcpFetch({ userId, manager }, url);
    const client = new Client({ name: 'mcp-agent', version: '1.0.0' });
    try {
      await client.connect(new StreamableHTTPClientTransport(new URL(url), { fetch }));
      const { content } = await client.callTool({ name: tool, arguments: {} });
      return content.map(({ text }) => text).join(' ');
    } finally {
      await client.close();
    }
  }

  return {
    async callTool(url, tool) {
      try {
        return await callOnce(url, tool);
      } catch (error) {
        if (!(error instanceof OAuthNotConnected)) throw error;
        await needPerson(error);
        return callOnce(url, tool);
      }
    },
  };
}
