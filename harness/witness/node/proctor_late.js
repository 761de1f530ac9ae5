"use strict";

exports.purpose = "A module that the tool requires long after its start, when a prune may have removed it.";
