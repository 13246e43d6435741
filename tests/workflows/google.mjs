// Deploys, changes, executes and removes a workflow with Google's clients for Node, and prints what they answered as JSON.
// Arguments: the folder with node_modules, rest or grpc, and the port.
import { createRequire } from "node:module";

const [folder, transport, port] = process.argv.slice(2);
// Each asks for what it depends on itself: beside other packages another release of it may lie in the folder.
const ours = createRequire(`${folder}/`);
const clients = createRequire(ours.resolve("@google-cloud/workflows"));
const { WorkflowsClient, ExecutionsClient } = ours("@google-cloud/workflows").v1;
const gax = clients("google-gax");
const { PassThroughClient } = createRequire(clients.resolve("google-gax"))("google-auth-library");

const where = { apiEndpoint: "127.0.0.1", port: Number(port) };
const options =
  transport === "grpc"
    ? { ...where, sslCreds: gax.grpc.credentials.createInsecure() }
    : { ...where, fallback: true, protocol: "http", authClient: new PassThroughClient() };
const workflows = new WorkflowsClient(options);
const executions = new ExecutionsClient(options);
const parent = "projects/local/locations/local";
const name = `${parent}/workflows/node`;
const source = "main: {params: [a], steps: [{r: {return: '${10 / a.n}'}}]}";
const told = {};

const refused = async (asking) => {
  try {
    await asking();
    return "not refused";
  } catch (error) {
    return { message: error.message };
  }
};
const ended = async (execution) => {
  for (;;) {
    const [found] = await executions.getExecution({ name: execution, view: "FULL" });
    if (found.state !== "ACTIVE") return found;
  }
};

const workflow = { sourceContents: source, labels: { team: "x" }, description: "first" };
const [creating] = await workflows.createWorkflow({ parent, workflowId: "node", workflow });
[told.made] = await creating.promise();
told.again = await refused(() => workflows.createWorkflow({ parent, workflowId: "node", workflow }));
told.broken = await refused(() =>
  workflows.createWorkflow({ parent, workflowId: "x", workflow: { sourceContents: "- r: {next: x}" } }),
);
const [updating] = await workflows.updateWorkflow({
  workflow: { name, description: "second", labels: {} },
  updateMask: { paths: ["description"] },
});
[told.changed] = await updating.promise();
[told.listed] = await workflows.listWorkflows({ parent, filter: 'labels.team="x"' });
told.operation = (await workflows.checkCreateWorkflowProgress(creating.name)).result;

const [begun] = await executions.createExecution({ parent: name, execution: { argument: '{"n": 4}' } });
told.succeeded = await ended(begun.name);
const [failing] = await executions.createExecution({ parent: name, execution: { argument: '{"n": 0}' } });
told.failed = await ended(failing.name);
[told.executions] = await executions.listExecutions({ parent: name, pageSize: 1 }, { autoPaginate: false });
told.cancelled = await refused(() => executions.cancelExecution({ name: begun.name }));

const [deleting] = await workflows.deleteWorkflow({ name });
await deleting.promise();
told.gone = await refused(() => workflows.getWorkflow({ name }));
console.log(JSON.stringify(told));
await Promise.all([workflows.close(), executions.close()]);
