// The witness as a tool of a Node environment. It runs in any Node from version 12 on.
//
// Launchers under test install it from a tarball, so it needs no other package. The witness itself is an add-on in this
// process. JavaScript adds the orders about the environment: see carryOut. harness/witness/tool does the same in Python.
"use strict";

const fs = require("fs");
const path = require("path");

const PACKED = path.join(__dirname, "contents");
// The checksums of the package's files: see harness/runner/start/tarball.py.
const ENOENT = 2, EIO = 5, EINVAL = 22, ENODATA = 61;

// Serve the harness on the socket in the first argument until it is ordered to end.
exports.main = function () {
  const witness = require("./witness.node");
  const atStart = inventory(witness);
  const words = fs.readFileSync("/proc/self/cmdline");
  witness.serve(words.subarray(endOfOptions(words)), (order) => {
    try {
      return carryOut(order.trim().split(" "), atStart, witness);
    } catch (error) {
      return [EINVAL, 0, String(error)];
    }
  });
};

// Return where the path of the program begins in a command line: node's own options are before it. The arguments may be
// no valid UTF-8, which process.argv cannot tell.
function endOfOptions(words) {
  let at = words.length;
  for (let left = process.argv.length - 1; left > 0; left--) at = words.lastIndexOf(0, at - 2) + 1;
  return at;
}

// Carry out an order; return an errno, a count and a text.
//
// import NAME: require the module again; it says its purpose, unless its file was truncated. Another module than that of
// the tool is one of the project in the working directory. whole: return how many files of the environment are missing
// or changed since the start, or are files of the tool that differ from its tarball; and the name of one. where: return
// the directory of the environment. link PATH: make a link to PATH there.
function carryOut(words, atStart, witness) {
  switch (words[0]) {
    case "import":
      return load(words[1]);
    case "whole": {
      const now = inventory(witness);
      const wrong = new Set(damagedFiles(witness));
      for (const [file, what] of atStart) if (now.get(file) !== what) wrong.add(file);
      return [0, wrong.size, [...wrong].sort()[0] || ""];
    }
    case "link":
      try {
        fs.symlinkSync(path.resolve(words[1]), path.join(environments()[0], "proctor-link"));
      } catch (error) {
        return [-error.errno || EIO, 0, String(error)];
      }
  }
  return [0, 0, environments()[0]];
}

function load(name) {
  try {
    const from = name === "proctor_late" ? __dirname : process.cwd();
    const file = require.resolve(name === "proctor_late" ? "./proctor_late.js" : name, { paths: [from] });
    delete require.cache[file];
    return require(file).purpose ? [0, 0, ""] : [ENODATA, 0, file + " is empty"];
  } catch (error) {
    return [ENOENT, 0, String(error)];
  }
}

// Return the directories of the environment. The first is the one through which the tool was started. Another is the one
// that has the files of the tool, if the launcher has linked them.
function environments() {
  return [...new Set([environmentOf(path.resolve(process.argv[1])), environmentOf(__dirname)])];
}

// Return the topmost node_modules on the way to a file. The environment of yarn with Plug'n'Play is the directory that
// has .yarn and .pnp.cjs; there are node_modules in .yarn.
function environmentOf(file) {
  const parts = file.split(path.sep);
  const yarn = parts.indexOf(".yarn"), modules = parts.indexOf("node_modules");
  if (yarn > 0 && yarn < modules) return parts.slice(0, yarn).join(path.sep);
  return modules > 0 ? parts.slice(0, modules + 1).join(path.sep) : __dirname;
}

// Return the files of the environment by path, with their contents.
function inventory(witness) {
  const found = new Map();
  for (const root of [...environments(), __dirname]) addFilesBelow(root, found, witness);
  return found;
}

function addFilesBelow(root, found, witness) {
  const waiting = [root];
  while (waiting.length) {
    const directory = waiting.pop();
    let entries = [];
    try {
      entries = fs.readdirSync(directory, { withFileTypes: true });
    } catch (error) {
      if (error.code !== "ENOENT") found.set(directory, error.code);
    }
    for (const entry of entries) {
      const file = path.join(directory, entry.name);
      if (entry.isDirectory()) waiting.push(file);
      else if (!found.has(file)) addContent(file, entry, found, witness);
    }
  }
}

// Add a value for the contents of a file: a checksum, because a file may have its final size before it is written; for a
// link its destination.
function addContent(file, entry, found, witness) {
  try {
    if (entry.isSymbolicLink()) found.set(file, fs.readlinkSync(file));
    else found.set(file, entry.isFile() ? witness.crc32(fs.readFileSync(file)) : "other");
  } catch (error) {
    if (error.code !== "ENOENT") found.set(file, error.code);
  }
}

// Return the files of the tool that differ from its tarball. They may have been wrong from the start.
function damagedFiles(witness) {
  let lines;
  try {
    lines = fs.readFileSync(PACKED, "latin1").match(/.*\n/g) || [];
    const last = lines.pop();
    if (last !== `${witness.crc32(Buffer.from(lines.join("")))} contents\n`) return [PACKED];
  } catch (error) {
    return [PACKED];
  }
  return lines
    .map((line) => /^(\d+) (.+)\n$/.exec(line))
    .filter(([, crc, name]) => !hasChecksum(path.join(__dirname, name), Number(crc), witness))
    .map(([, , name]) => path.join(__dirname, name));
}

// Whether a file exists and has this checksum.
function hasChecksum(file, crc, witness) {
  try {
    return witness.crc32(fs.readFileSync(file)) === crc;
  } catch (error) {
    return false;
  }
}
