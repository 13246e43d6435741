// Google's Auth emulator, without the command line around it: it takes no ports of its own, and asks nobody anything.
const { createApp } = require("firebase-tools/lib/emulator/auth/server");

const [where, project] = process.argv.slice(2);
createApp(project).then((app) => app.listen(where, "127.0.0.1"));
// It ends with whoever started it.
process.stdin.resume().on("end", () => process.exit());
