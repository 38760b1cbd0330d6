import { McpServer } from '@modelcontextprotocol/server';
import { type Connection, type Model, Retone } from '@retone/client';
import manifest from '../package.json' with { type: 'json' };
import { addCatalogueTools } from './catalogue-tools.ts';
import { addResources } from './resources.ts';
import { addSoundTools } from './sound-tools.ts';
import { Toolbox } from './toolbox.ts';

const instructions =
  'Retone transforms recordings: another instrument, style or space, along the lines of the source. Results are resources ' +
  'named retone://tasks/<id>, which other tools take as audio. init_noise_level 0.9 follows the prompt, 0.5 stays close.';

/**
 * An MCP server over a Retone service, for one connection or one HTTP request.
 *
 * @param modelsOf the service's models, which the tools describe
 */
export async function mcpServer(
  connection: Connection,
  { mayUseFiles = false, modelsOf = (client: Retone): Promise<Model[]> => client.models() } = {},
): Promise<McpServer> {
  const toolbox = new Toolbox(new Retone(connection), mayUseFiles);
  const models = await modelsOf(toolbox.client);
  const server = new McpServer({ name: 'retone', title: 'Retone', version: manifest.version }, { instructions });
  addSoundTools(server, toolbox, models);
  addCatalogueTools(server, toolbox, models);
  addResources(server, toolbox);
  return server;
}
