// Google's Auth emulator, without the command line around it: it takes no ports of its own, and asks nobody anything.
const spec = require("firebase-tools/lib/emulator/auth/apiSpec").default;
const { createApp } = require("firebase-tools/lib/emulator/auth/server");

// Of its addresses those that are used here: it compiles a schema for each, which is nearly all that its start takes.
const USED = /^\/v1\/(accounts:(signInWithIdp|lookup)|token|recaptchaParams|projects\/\{targetProjectId\}\/accounts(:\w+)?)$|\/accounts\/mfa|verificationCodes$/;
for (const path of Object.keys(spec.paths)) if (!USED.test(path)) delete spec.paths[path];

const [where, project] = process.argv.slice(2);
createApp(project).then((app) => app.listen(where, "127.0.0.1"));
// It ends with whoever started it.
process.stdin.resume().on("end", () => process.exit());
