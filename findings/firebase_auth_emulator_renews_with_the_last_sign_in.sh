#!/usr/bin/env bash
# firebase-tools 15.34.2, its Auth emulator: a renewed token tells the time of the account's last sign-in, anywhere.
#
# Seen: `auth_time` of an ID token is read from the account (`lastLoginAt`) and not kept with the sign-in that is renewed.
# Somebody who signed in an hour ago and renews has a fresh `auth_time` as soon as they sign in somewhere else; in Firebase
# a renewed token keeps that of its own sign-in. And after `validSince` was set, which ends all sign-ins until then, their
# tokens of renewal are taken as before. Whoever tests how old a sign-in may be, or its end, on the emulator, tests nothing.
set -euo pipefail
cd "$(mktemp -d)"
npm install --silent --no-audit --no-fund --ignore-scripts --omit=optional firebase-tools@15.34.2
cat > emulator.js <<'JS'
const { createApp } = require("firebase-tools/lib/emulator/auth/server");
const assert = require("assert");
const pause = (s) => new Promise((done) => setTimeout(done, s * 1000));

createApp("demo-finding").then(async (app) => {
  const server = await new Promise((done) => { const one = app.listen(0, "127.0.0.1", () => done(one)); });
  const base = `http://127.0.0.1:${server.address().port}`;
  const ask = async (path, body, headers = {}) => {
    const sent = { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json", ...headers } };
    const answer = await fetch(`${base}/${path}`, sent);
    assert.strictEqual(answer.status, 200);
    return answer.json();
  };
  const toolkit = "identitytoolkit.googleapis.com/v1/accounts";
  const signIn = () => ask(`${toolkit}:signInWithPassword?key=k`, { email: "a@example.com", password: "secret-1", returnSecureToken: true });
  const renew = (refreshToken) => ask("securetoken.googleapis.com/v1/token?key=k", { grantType: "refresh_token", refreshToken });
  const said = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));

  await ask(`${toolkit}:signUp?key=k`, { email: "a@example.com", password: "secret-1" });
  const first = await signIn();
  await pause(2);
  const second = await signIn();
  assert(said(second.idToken).auth_time > said(first.idToken).auth_time);
  const renewed = await renew(first.refreshToken);
  assert.strictEqual(said(renewed.id_token).auth_time, said(second.idToken).auth_time, "it keeps the time of its own sign-in now");

  await pause(1.1);
  const now = String(Math.floor(Date.now() / 1000));
  await ask("identitytoolkit.googleapis.com/v1/projects/demo-finding/accounts:update", { localId: first.localId, validSince: now }, { Authorization: "Bearer owner" });
  assert("id_token" in (await renew(first.refreshToken)), "an ended sign-in is renewed no more");
  process.exit(0);
}).catch((error) => { console.error(error.message); process.exit(1); });
JS
node emulator.js
