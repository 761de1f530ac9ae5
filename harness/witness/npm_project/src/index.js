"use strict";

exports.purpose = "The only module of the project.";
